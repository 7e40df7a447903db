// Merges settings into defaults, and computes the difference again. Objects are merged; lists and other values are replaced.

import { isDeepStrictEqual } from 'node:util'

export type JsonObject = Readonly<Record<string, unknown>>

/** Merges `own` into `defaults`. Keeps unknown members, so that a schema can refuse them. */
export function overlay(defaults: unknown, own: unknown): unknown {
  if (!isJsonObject(defaults) || !isJsonObject(own)) return own
  const over = Object.entries(own).map(([name, value]) => [name, overlay(memberOf(defaults, name), value)])
  return Object.fromEntries([...Object.entries(defaults), ...over])
}

/** The smallest object that `overlay` merges to `whole` again. `overlay` must have made `whole` from the same `defaults`. */
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

/** Reads only own members, because every object inherits members such as `constructor`. */
const memberOf = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined
