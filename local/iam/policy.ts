// Parses one policy document strictly, and evaluates it as IAM does. Unknown elements are errors at load.

import { type Json, type JsonObject, list, many, object, string, strings } from '../wire/json.ts'

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

type Test = (request: AccessRequest) => boolean

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
  const { Statement: statements } = object(document, where)
  const all = Array.isArray(statements) ? list(statements, where) : many(statements)
  return all.map((raw) => parseStatement(object(raw, where), where, kind))
}

/** An explicit deny wins. Without any matching statement, the request is denied. */
export function decide(statements: readonly Statement[], request: AccessRequest): boolean {
  let allowed = false
  for (const statement of statements) {
    if (!statement.applies(request)) continue
    if (statement.effect === 'Deny') return false
    allowed = true
  }
  return allowed
}

function parseStatement(raw: JsonObject, where: string, kind: string): Statement {
  const unknown = Object.keys(raw).filter((element) => !ELEMENTS.includes(element))
  if (unknown.length > 0) throw new Error(`${where}: policy element ${unknown.join(', ')} is not known here`)
  const effect = string(raw.Effect, `${where}: Effect`)
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error(`${where}: Effect ${effect}`)
  if ((raw.Principal === undefined) !== (kind === 'identity'))
    throw new Error(`${where}: a Principal stands in policies of resources and roles' trust only`)
  const tests: Test[] = [
    actions(raw, where),
    ...(kind === 'trust' ? [] : [resources(raw, where)]),
    ...(raw.Principal === undefined ? [] : [principal(raw.Principal, where)]),
    ...conditions(raw.Condition, where),
  ]
  return {
    effect,
    keys: keysOf(raw.Condition, where),
    applies: (request) => tests.every((test) => test(request)),
  }
}

/** Actions are compared without case. */
function actions({ Action }: JsonObject, where: string): Test {
  const fits = oneOf(Action, `${where}: Action`, (pattern) => pattern.toLowerCase())
  return ({ action }) => fits(action.toLowerCase())
}

function resources({ Resource }: JsonObject, where: string): Test {
  const fits = oneOf(Resource, `${where}: Resource`)
  return ({ resource }) => fits(resource)
}

function oneOf(
  given: Json | undefined,
  where: string,
  normal = (pattern: string): string => pattern,
): (text: string) => boolean {
  const patterns = strings(given, where).map((pattern) => wildcard(normal(pattern), where))
  if (patterns.length === 0) throw new Error(`${where} is missing`)
  return (text) => patterns.some((fits) => fits(text))
}

function principal(raw: Json, where: string): Test {
  if (raw === '*') return () => true
  const patterns = Object.entries(object(raw, `${where}: Principal`)).flatMap(([kind, names]) => {
    if (kind !== 'AWS' && kind !== 'Service') throw new Error(`${where}: Principal ${kind} is not known here`)
    return strings(names, `${where}: Principal`)
  })
  return (request) => patterns.some((name) => name === '*' || name === request.principal)
}

/** `*` matches any text, `?` any one character. Throws on policy variables. */
export function wildcard(pattern: string, where: string): (text: string) => boolean {
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
  compile(expected: string, where: string): (actual: string) => boolean
  readonly negated?: true
  /** `ForAnyValue`: false if the request does not have the key */
  readonly ofAny?: true
  /** `ForAllValues`: true if the request does not have the key; a request here has at most one value per key */
  readonly ofAll?: true
}

const equals: Operator = { compile: (expected) => (actual) => actual === expected }
const like: Operator = { compile: wildcard }
const OPERATORS: Readonly<Record<string, Operator>> = {
  ArnEquals: like,
  ArnNotEquals: { ...like, negated: true },
  'ForAllValues:StringLike': { compile: wildcard, ofAll: true },
  'ForAnyValue:StringNotEquals': { ...equals, negated: true, ofAny: true },
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

const keysOf = (raw: Json | undefined, where: string): string[] =>
  raw === undefined
    ? []
    : Object.values(object(raw, `${where}: Condition`)).flatMap((keys) =>
        Object.keys(object(keys, `${where}: Condition`)).map((key) => key.toLowerCase()),
      )

function conditions(raw: Json | undefined, where: string): Test[] {
  if (raw === undefined) return []
  return Object.entries(object(raw, `${where}: Condition`)).flatMap(([name, keys]) =>
    Object.entries(object(keys, `${where}: Condition`)).map(([key, values]) => {
      if (!KEYS.includes(key.toLowerCase()))
        throw new Error(`${where}: condition key ${key} is not known here`)
      if (name === 'Null') return presence(key, texts(values, where), where)
      if (!Object.hasOwn(OPERATORS, name))
        throw new Error(`${where}: condition operator ${name} is not known here`)
      return condition(OPERATORS[name]!, key, texts(values, where), where)
    }),
  )
}

/** `true`: the request must lack the key. `false`: the request must have the key, with any value. */
function presence(key: string, values: string[], where: string): Test {
  const [lacks = ''] = values
  if (values.length !== 1 || !['true', 'false'].includes(lacks))
    throw new Error(`${where}: Null of ${key} is either true or false`)
  return ({ context }) => (context[key.toLowerCase()] === undefined) === (lacks === 'true')
}

const texts = (values: Json | undefined, where: string): string[] =>
  many(values).map((value) =>
    typeof value === 'boolean' || typeof value === 'number' ? String(value) : string(value, where),
  )

/**
 * If the request lacks the key, `ForAllValues` is true. A negated operator is true too, unless it is `ForAnyValue`. Any other
 * condition is false.
 */
function condition(operator: Operator, key: string, values: string[], where: string): Test {
  const accepts = values.map((value) => operator.compile(value, where))
  const negated = operator.negated === true
  return ({ context }) => {
    const actual = context[key.toLowerCase()]
    if (actual === undefined) return operator.ofAll === true || (negated && operator.ofAny !== true)
    return accepts.some((accept) => accept(actual)) !== negated
  }
}
