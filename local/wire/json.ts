// JSON values, and functions that read them without trust: an unexpected value is an error that names its place.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json | undefined
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `undefined` if the text is not a JSON object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function object(value: Json | undefined, where: string): JsonObject {
  if (!isObject(value)) throw new Error(`${where} is not an object`)
  return value
}

export function string(value: Json | undefined, where: string): string {
  if (typeof value !== 'string') throw new Error(`${where} is not a string`)
  return value
}

/** CloudFormation writes some numbers as strings. */
export function number(value: Json | undefined, where: string): number {
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof parsed !== 'number' || !Number.isFinite(parsed)) throw new Error(`${where} is not a number`)
  return parsed
}

export function list(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw new Error(`${where} is not a list`)
  return value
}

/** Returns a list unchanged, wraps any other value, and makes an absent one empty: the convention of IAM and EventBridge. */
export const many = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as Json]

export const strings = (value: Json | undefined, where: string): readonly string[] =>
  many(value).map((entry) => string(entry, where))

/** Equal values give equal texts, because names are sorted. */
export const canonicalJson = (value: Json): string =>
  JSON.stringify(value, (_, member: Json) => (isObject(member) ? sorted(member) : member))

function sorted(value: JsonObject): JsonObject {
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, value[name]]))
}
