// CloudFormation's intrinsic functions, as far as the template uses them; any other is an error that names it.

import { isObject, type Json, type JsonObject, list, number, string } from '../wire/json.ts'
import { ACCOUNT, REGION } from '../wire/types.ts'
import type { Identity } from './resource-types.ts'

export interface Scope {
  readonly stack: string
  readonly parameters: JsonObject
  readonly conditions: JsonObject
  /** what another stack exports under that name */
  exported(name: string): Json | undefined
  isResource(logicalId: string): boolean
  identity(logicalId: string): Identity
  ref(logicalId: string): string
  attribute(logicalId: string, attribute: string): string
}

/** What `AWS::NoValue` gives: the property is as if it were not there. */
type Resolved = Json | undefined

interface Resolver {
  resolve(value: Json, where: string): Resolved
  /** whether the named condition holds */
  holds(condition: string): boolean
}

export function resolver(scope: Scope): Resolver {
  const functions: Readonly<Record<string, (argument: Json, where: string) => Resolved>> = {
    Ref: (argument, where) => ref(scope, string(argument, where)),
    'Fn::GetAtt': (argument, where) => {
      const [id, ...attribute] =
        typeof argument === 'string'
          ? argument.split('.')
          : list(argument, where).map((a) => string(a, where))
      return scope.attribute(id!, attribute.join('.'))
    },
    'Fn::ImportValue': (argument, where) => {
      const name = string(argument, where)
      const value = scope.exported(name)
      if (value === undefined) throw new Error(`${where}: Fn::ImportValue ${name}: no other stack exports it`)
      return value
    },
    'Fn::Sub': (argument, where) => substitute(argument, where),
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
    'Fn::If': (argument, where) => {
      const [condition, then, otherwise] = list(argument, where)
      return resolve((holds(string(condition, where)) ? then : otherwise) ?? null, where)
    },
    'Fn::Equals': (argument, where) => {
      const [left, right] = list(argument, where)
      return must(left, where) === must(right, where)
    },
    'Fn::And': (argument, where) => list(argument, where).every((part) => must(part, where) === true),
    'Fn::Or': (argument, where) => list(argument, where).some((part) => must(part, where) === true),
    'Fn::Not': (argument, where) => must(list(argument, where)[0], where) !== true,
    Condition: (argument, where) => holds(string(argument, where)),
  }

  function must(value: Json | undefined, where: string): Json {
    const resolved = value === undefined ? undefined : resolve(value, where)
    if (resolved === undefined) throw new Error(`${where}: an argument is missing`)
    return resolved
  }
  const texts = (value: Json | undefined, where: string): string[] =>
    list(must(value, where), where).map((part) => string(part, where))

  function substitute(argument: Json, where: string): string {
    const [text, variables] = typeof argument === 'string' ? [argument] : list(argument, where)
    return string(text, where).replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`
      if (isObject(variables) && Object.hasOwn(variables, name))
        return string(must(variables[name], where), where)
      const dot = name.indexOf('.')
      return dot < 0
        ? string(ref(scope, name), where)
        : scope.attribute(name.slice(0, dot), name.slice(dot + 1))
    })
  }

  function resolve(value: Json, where: string): Resolved {
    if (typeof value === 'string' && value.includes('{{resolve:'))
      throw new Error(`${where}: dynamic references are not known here`)
    if (Array.isArray(value))
      return value.map((part) => resolve(part, where)).filter((part) => part !== undefined)
    if (!isObject(value)) return value
    const names = Object.keys(value)
    const name = names[0]
    if (names.length === 1 && name !== undefined && isIntrinsic(name, where)) {
      if (!Object.hasOwn(functions, name)) throw new Error(`${where}: intrinsic ${name} is not known here`)
      return functions[name]!(value[name] ?? null, where)
    }
    const entries = names.map((key) => [key, resolve(value[key] ?? null, `${where}.${key}`)] as const)
    return Object.fromEntries(entries.filter(([, resolved]) => resolved !== undefined))
  }

  function holds(condition: string): boolean {
    const definition = scope.conditions[condition]
    if (definition === undefined) throw new Error(`condition ${condition} is not defined`)
    return resolve(definition, `Conditions.${condition}`) === true
  }
  return { resolve, holds }
}

/** A policy's `Condition` block is no intrinsic; the name is one only within Conditions. */
const isIntrinsic = (name: string, where: string): boolean =>
  name === 'Ref' || name.startsWith('Fn::') || (name === 'Condition' && where.startsWith('Conditions.'))

function ref(scope: Scope, name: string): Resolved {
  const pseudo: Readonly<Record<string, Resolved>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::NoValue': undefined,
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${scope.stack}/local`,
    'AWS::StackName': scope.stack,
    'AWS::URLSuffix': 'amazonaws.com',
  }
  if (Object.hasOwn(pseudo, name)) return pseudo[name]
  if (scope.isResource(name)) return scope.ref(name)
  const parameter = scope.parameters[name]
  if (isObject(parameter) && parameter.Default !== undefined) return parameter.Default
  throw new Error(`Ref ${name}: no such resource, pseudo parameter or parameter with a default`)
}
