// EventBridge's event patterns, as far as the template uses them: each field has one of some texts. Any other pattern is an error at
// load. Hand-written: AWS's own matcher is a library for the JVM and for Go.

import { isIP } from 'node:net'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'

export type Pattern = (event: JsonObject) => boolean

interface Field {
  readonly path: readonly string[]
  readonly texts: readonly unknown[]
}

/**
 * `where` begins the message of an error, which names the field and what is wrong with it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function compilePattern(pattern: Json | undefined, where: string): Pattern {
  const fields = fieldsOf(pattern, [], where)
  return (event) =>
    fields.every(({ path, texts }) => valuesAt(event, path, where).some((value) => texts.includes(value)))
}

function fieldsOf(pattern: Json | undefined, path: readonly string[], where: string): Field[] {
  const at = [where, ...path].join('.')
  if (Array.isArray(pattern)) return [{ path, texts: textsOf(pattern, at) }]
  if (!isObject(pattern)) throw new Error(`${at} is neither an object nor a list`)
  const names = Object.keys(pattern)
  if (names.length === 0) throw new Error(`${at} is empty`)
  return names.flatMap((name) => {
    // EventBridge reads a dot as a level of its own.
    if (/^\$or$|\./.test(name)) throw new Error(`${at}: the field ${name} is not known here`)
    return fieldsOf(pattern[name], [...path, name], where)
  })
}

/** EventBridge compares an IP address by its value, however it is written. */
function textsOf(values: readonly Json[], at: string): string[] {
  if (values.length === 0) throw new Error(`${at} is an empty list`)
  return values.map((value) => {
    if (typeof value === 'string' && isIP(value) === 0) return value
    throw new Error(`${at}: ${JSON.stringify(value)} is not known here: a pattern lists plain texts`)
  })
}

/** The entries of a list are values, too. Error for a field within a list. */
function valuesAt(event: Json | undefined, path: readonly string[], where: string): readonly unknown[] {
  const [name, ...rest] = path
  if (Array.isArray(event) && name === undefined)
    return event.flatMap((entry) => valuesAt(entry, path, where))
  if (name === undefined) return [event]
  if (Array.isArray(event)) throw new Error(`${where}: ${name} within a list of an event is not known here`)
  return isObject(event) && Object.hasOwn(event, name) ? valuesAt(event[name], rest, where) : []
}
