// Parses data that only the registry writes: anything else is an error of its set-up.

import type * as z from 'zod'
import { ProbeError } from './errors.ts'

/** The read-only type of a schema. */
export type Read<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>
type DeepReadonly<T> = T extends object ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> } : T

/** @throws {ProbeError} `misconfigured`: `what` was read, which member of it is wrong, and `hint`. */
export function parseOwn<T>(schema: z.ZodType<T>, value: unknown, what: string, hint: string): T {
  parses += 1
  const { data, error } = schema.safeParse(value, { jitless: parses <= UNCOMPILED })
  if (error === undefined) return data
  const [{ path, message } = { path: [], message: '' }] = error.issues
  throw misconfigured(`${what} has no proper ${path.join('.') || 'form'} (${message}): ${hint}`, error)
}

/** Parses before schemas are compiled: that takes milliseconds of a cold start, and saves 20 microseconds of each later hit. */
const UNCOMPILED = 100
let parses = 0

/** The same for JSON text. */
export function parseOwnJson<T>(schema: z.ZodType<T>, text: string, what: string, hint: string): T {
  return parseOwn(schema, jsonOf(text, what, hint), what, hint)
}

/** @throws {ProbeError} `misconfigured`. */
export function jsonOf(text: string, what: string, hint: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw misconfigured(`${what} is not JSON: ${hint}`, cause)
  }
}

const misconfigured = (message: string, cause: unknown): ProbeError =>
  new ProbeError('misconfigured', message, { cause })
