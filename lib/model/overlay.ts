// Settings over their defaults, and back to what differs: JSON objects member by member, lists and all else as a whole.

import { isDeepStrictEqual } from 'node:util'

export type JsonObject = Readonly<Record<string, unknown>>

/** `defaults` with `own` over them. What the defaults do not know is kept, for a schema to refuse. */
export function overlay(defaults: unknown, own: unknown): unknown {
  if (!isJsonObject(defaults) || !isJsonObject(own)) return own
  const over = Object.entries(own).map(([name, value]) => [name, overlay(memberOf(defaults, name), value)])
  return Object.fromEntries([...Object.entries(defaults), ...over])
}

/** The least that gives `whole` again when it is laid over `defaults`, for every `whole` that was laid over them before. */
export function difference(defaults: JsonObject, whole: JsonObject): JsonObject {
  const own = Object.entries(whole).flatMap(([name, value]): [string, unknown][] => {
    const before = memberOf(defaults, name)
    if (isDeepStrictEqual(before, value)) return []
    return [[name, isJsonObject(before) && isJsonObject(value) ? difference(before, value) : value]]
  })
  return Object.fromEntries(own)
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Only its own: every object has a `constructor`. */
const memberOf = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined
