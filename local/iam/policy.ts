// Parses one policy document strictly, and evaluates it as IAM does. Unknown elements are errors at load.

import { type Json, type JsonObject, many, object, string, strings } from '../wire/json.ts'

export type Context = Readonly<Record<string, string>>

export interface AccessRequest {
  readonly action: string
  readonly resource: string
  readonly context: Context
  /** ARN of the calling role; in a trust policy, the name of a service */
  readonly principal: string
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** condition keys that this statement reads, in lower case */
  readonly keys: readonly string[]
  applies(request: AccessRequest): boolean
}

type Test = (text: string) => boolean

const ELEMENTS = ['Action', 'Condition', 'Effect', 'Principal', 'Resource', 'Sid']

/**
 * Parses the statements of a policy. `identity`: attached to a role. `resource`: attached to a bucket, a queue or a secret;
 * it names its principals. `trust`: names who may assume a role.
 */
export function parsePolicy(
  document: Json | undefined,
  where: string,
  kind: 'identity' | 'resource' | 'trust',
): readonly Statement[] {
  const statements = many(object(document, where).Statement)
  return statements.map((raw) => parseStatement(object(raw, where), where, kind))
}

/** An explicit deny wins. Without any matching statement, the request is denied. */
export function decide(statements: readonly Statement[], request: AccessRequest): boolean {
  const applying = statements.filter((statement) => statement.applies(request))
  return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow')
}

function parseStatement(raw: JsonObject, where: string, kind: string): Statement {
  const unknown = Object.keys(raw).filter((element) => !ELEMENTS.includes(element))
  if (unknown.length > 0) throw new Error(`${where}: policy element ${unknown.join(', ')} is not known here`)
  const effect = string(raw.Effect, `${where}: Effect`)
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error(`${where}: Effect ${effect}`)
  if ((raw.Principal === undefined) !== (kind === 'identity'))
    throw new Error(`${where}: a Principal stands in policies of resources and roles' trust only`)
  // Actions are compared without case.
  const isAction = oneOf(raw.Action, `${where}: Action`, (text) => text.toLowerCase())
  const isResource = kind === 'trust' ? () => true : oneOf(raw.Resource, `${where}: Resource`)
  const isPrincipal = raw.Principal === undefined ? () => true : principal(raw.Principal, where)
  const { Condition = {} } = raw
  const conditions = conditionsOf(Condition, where)
  return {
    effect,
    keys: conditions.map(({ key }) => key),
    applies: ({ action, resource, principal, context }) =>
      isAction(action) &&
      isResource(resource) &&
      isPrincipal(principal) &&
      conditions.every(({ key, holds }) => holds(context[key])),
  }
}

/** `normal`: makes texts equal that only differ in a way that does not count. */
function oneOf(given: Json | undefined, where: string, normal = (text: string): string => text): Test {
  const patterns = strings(given, where).map((pattern) => wildcard(normal(pattern), where))
  if (patterns.length === 0) throw new Error(`${where} is missing`)
  return (text) => patterns.some((fits) => fits(normal(text)))
}

function principal(raw: Json, where: string): Test {
  if (raw === '*') return () => true
  const patterns = Object.entries(object(raw, `${where}: Principal`)).flatMap(([kind, names]) => {
    if (kind !== 'AWS' && kind !== 'Service') throw new Error(`${where}: Principal ${kind} is not known here`)
    return strings(names, `${where}: Principal`)
  })
  return (principal) => patterns.includes('*') || patterns.includes(principal)
}

/** `*` matches any text, `?` any one character. Throws on policy variables. */
export function wildcard(pattern: string, where: string): Test {
  if (pattern.includes('${')) throw new Error(`${where}: the policy variable in ${pattern} is not known here`)
  if (pattern === '*') return () => true
  if (!/[*?]/.test(pattern)) return (text) => text === pattern
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '[^]*')
    .replaceAll('?', '[^]')
  const compiled = new RegExp(`^${source}$`)
  return (text) => compiled.test(text)
}

/** Compares a value of the policy with the value of the request. `negated`: true if none of the policy's values match. */
interface Operator {
  compile(expected: string, where: string): Test
  readonly negated?: true
  /** whether the condition holds if the request lacks the key: for `ForAllValues`, and if negated without `ForAnyValue` */
  readonly holdsWithout?: true
}

const equals: Operator = { compile: (expected) => (actual) => actual === expected }
/** `ForAllValues` and `ForAnyValue` compare like others, because a request here has at most one value per key. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  ArnEquals: { compile: wildcard },
  ArnNotEquals: { compile: wildcard, negated: true, holdsWithout: true },
  'ForAllValues:StringLike': { compile: wildcard, holdsWithout: true },
  'ForAnyValue:StringNotEquals': { ...equals, negated: true },
  Bool: { compile: (expected) => (actual) => actual.toLowerCase() === expected.toLowerCase() },
  NumericLessThan: { compile: (expected) => (actual) => Number(actual) < Number(expected) },
  StringEquals: equals,
}

/** Keys that requests here set, or lack on purpose. With any other key, a condition would be true or false by accident. */
const KEYS = [
  'aws:PrincipalArn',
  'aws:SecureTransport',
  'aws:SourceArn',
  'dynamodb:LeadingKeys',
  's3:TlsVersion',
  's3:if-none-match',
  'secretsmanager:AddReplicaRegions',
].map((key) => key.toLowerCase())

interface Condition {
  /** in lower case */
  readonly key: string
  /** `actual`: the request's value of the key; `undefined`: it lacks the key */
  holds(actual: string | undefined): boolean
}

const conditionsOf = (raw: Json, where: string): Condition[] =>
  Object.entries(object(raw, `${where}: Condition`)).flatMap(([operator, keys]) =>
    Object.entries(object(keys, `${where}: Condition`)).map(([key, values]) => {
      if (!KEYS.includes(key.toLowerCase()))
        throw new Error(`${where}: condition key ${key} is not known here`)
      const expected = texts(values, where)
      const isNull = operator === 'Null'
      const holds = isNull ? presence(expected, key, where) : comparison(operator, expected, where)
      return { key: key.toLowerCase(), holds }
    }),
  )

/** `true`: the request must lack the key. `false`: the request must have the key, with any value. */
function presence(values: string[], key: string, where: string): Condition['holds'] {
  const [lacks = ''] = values
  if (values.length !== 1 || !['true', 'false'].includes(lacks))
    throw new Error(`${where}: Null of ${key} is either true or false`)
  return (actual) => (actual === undefined) === (lacks === 'true')
}

const texts = (values: Json | undefined, where: string): string[] =>
  many(values).map((value) =>
    typeof value === 'boolean' || typeof value === 'number' ? String(value) : string(value, where),
  )

function comparison(name: string, values: string[], where: string): Condition['holds'] {
  if (!Object.hasOwn(OPERATORS, name))
    throw new Error(`${where}: condition operator ${name} is not known here`)
  const { compile, negated = false, holdsWithout = false } = OPERATORS[name]!
  const accepts = values.map((value) => compile(value, where))
  return (actual) =>
    actual === undefined ? holdsWithout : accepts.some((accept) => accept(actual)) !== negated
}
