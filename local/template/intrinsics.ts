// CloudFormation's intrinsic functions that the template uses. Any other function is an error that names it.

import { isObject, type Json, list, number, string } from '../wire/json.ts'
import { ACCOUNT, REGION } from '../wire/types.ts'

export interface Scope {
  /** the value that another stack exports under this name */
  exported(name: string): Json | undefined
  isResource(logicalId: string): boolean
  /** physical name */
  name(logicalId: string): string
  ref(logicalId: string): string
  attribute(logicalId: string, attribute: string): string
}

/** `where`: the place in the template, for messages. */
export type Resolve = (value: Json, where: string) => Json

export function resolver(scope: Scope): Resolve {
  const functions: Readonly<Record<string, Resolve>> = {
    Ref: (argument, where) => ref(scope, string(argument, where)),
    'Fn::GetAtt': (argument, where) => {
      const [id = '', ...attribute] = list(argument, where).map((part) => string(part, where))
      return scope.attribute(id, attribute.join('.'))
    },
    'Fn::ImportValue': (argument, where) => {
      const name = string(argument, where)
      const value = scope.exported(name)
      if (value === undefined) throw new Error(`${where}: Fn::ImportValue ${name}: no other stack exports it`)
      return value
    },
    'Fn::Sub': (argument, where) =>
      string(argument, where).replace(/\$\{([^}]*)\}/g, (_, name: string) => {
        const dot = name.indexOf('.')
        return dot < 0 ? ref(scope, name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1))
      }),
    'Fn::Join': (argument, where) => {
      const [separator, parts] = list(argument, where)
      return texts(parts, where).join(string(separator, where))
    },
    'Fn::Select': (argument, where) => {
      const [index, parts] = list(argument, where)
      const chosen = list(must(parts, where), where)[number(must(index, where), where)]
      if (chosen === undefined) throw new Error(`${where}: Fn::Select is out of range`)
      return chosen
    },
    'Fn::Split': (argument, where) => {
      const [separator, text] = list(argument, where)
      return string(must(text, where), where).split(string(separator, where))
    },
  }

  function must(value: Json | undefined, where: string): Json {
    if (value === undefined) throw new Error(`${where}: an argument is missing`)
    return resolve(value, where)
  }
  const texts = (value: Json | undefined, where: string): string[] =>
    list(must(value, where), where).map((part) => string(part, where))

  function resolve(value: Json, where: string): Json {
    if (typeof value === 'string' && value.includes('{{resolve:'))
      throw new Error(`${where}: dynamic references are not known here`)
    if (Array.isArray(value)) return value.map((part) => resolve(part, where))
    if (!isObject(value)) return value
    const names = Object.keys(value)
    const name = names[0]
    if (names.length === 1 && name !== undefined && isIntrinsic(name)) {
      if (!Object.hasOwn(functions, name)) throw new Error(`${where}: intrinsic ${name} is not known here`)
      return functions[name]!(value[name] ?? null, where)
    }
    return Object.fromEntries(names.map((key) => [key, resolve(value[key] ?? null, `${where}.${key}`)]))
  }
  return resolve
}

const isIntrinsic = (name: string): boolean => name === 'Ref' || name.startsWith('Fn::')

const PSEUDO_PARAMETERS = new Map([
  ['AWS::AccountId', ACCOUNT],
  ['AWS::Partition', 'aws'],
  ['AWS::Region', REGION],
  ['AWS::URLSuffix', 'amazonaws.com'],
])

function ref(scope: Scope, name: string): string {
  const value = PSEUDO_PARAMETERS.get(name) ?? (scope.isResource(name) ? scope.ref(name) : undefined)
  if (value === undefined) throw new Error(`Ref ${name}: no such resource or pseudo parameter`)
  return value
}
