// Merges settings into defaults, and finds the difference again: objects by member, lists and others as one value.

import { isDeepStrictEqual } from 'node:util'

export type JsonObject = Readonly<Record<string, unknown>>

/** `own` over `defaults`. Keeps unknown members, for a schema to refuse. */
export function overlay(defaults: unknown, own: unknown): unknown {
  if (!isJsonObject(defaults) || !isJsonObject(own)) return own
  const over = Object.entries(own).map(([name, value]) => [name, overlay(memberOf(defaults, name), value)])
  return Object.fromEntries([...Object.entries(defaults), ...over])
}

/** The least that `overlay` turns into `whole` again, if `overlay` made `whole` of the same `defaults`. */
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

/** Own members only: every object has a `constructor`. */
const memberOf = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined
