// EventBridge's event patterns: compiled strictly, so that a matcher that is not known is an error at load.

import { isObject, type Json, type JsonObject, list, object, string } from '../wire/json.ts'

export type Pattern = (event: JsonObject) => boolean
/** `undefined`: the event has no such field */
type Test = (value: Json | undefined) => boolean

/** A leaf of the pattern is a list, of which one entry must fit; a field of the event that is a list fits by any entry. */
export function compilePattern(pattern: Json | undefined, where: string): Pattern {
  const fields = Object.entries(object(pattern, where)).map(
    ([name, wanted]) => [name, compileField(wanted, `${where}.${name}`)] as const,
  )
  return (event) => fields.every(([name, fits]) => fits(Object.hasOwn(event, name) ? event[name] : undefined))
}

function compileField(wanted: Json | undefined, where: string): Test {
  if (where.split('.').at(-1)?.startsWith('$')) throw new Error(`${where}: this matcher is not known here`)
  if (isObject(wanted)) {
    const nested = compilePattern(wanted, where)
    return (value) => nested(isObject(value) ? value : {})
  }
  const tests = list(wanted, where).map((matcher) => compileMatcher(matcher, where))
  return (value) =>
    tests.some((test) => (Array.isArray(value) ? value.some((entry) => test(entry)) : test(value)))
}

function compileMatcher(matcher: Json, where: string): Test {
  if (!isObject(matcher)) return (value) => value === matcher
  const entries = Object.entries(matcher)
  const [name, argument] = entries[0] ?? ['', undefined]
  if (entries.length !== 1 || !Object.hasOwn(MATCHERS, name))
    throw new Error(`${where}: matcher ${Object.keys(matcher).join(', ')} is not known here`)
  return MATCHERS[name]!(argument ?? null, where)
}

const MATCHERS: Readonly<Record<string, (argument: Json, where: string) => Test>> = {
  prefix: (argument, where) => {
    const prefix = string(argument, where)
    return (value) => typeof value === 'string' && value.startsWith(prefix)
  },
  exists: (argument) => (value) => (value !== undefined) === argument,
  'anything-but': (argument, where) => {
    if (isObject(argument)) {
      const test = compileMatcher(argument, where)
      return (value) => value !== undefined && !test(value)
    }
    const unwanted = Array.isArray(argument) ? argument : [argument]
    return (value) => value !== undefined && !unwanted.includes(value)
  },
}
