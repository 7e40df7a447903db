// Parses data that only the registry writes. If other data are there, its set-up is wrong.

import type * as z from 'zod'
import { ProbeError } from './errors.ts'

/** The read-only type of a schema. */
export type Read<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>
type DeepReadonly<T> = T extends object ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> } : T

/**
 * `what`: the data, for the message. `hint`: advice for the operator.
 * @throws {ProbeError} `misconfigured`: the data do not match the schema; the message names the wrong member.
 */
export function parseOwn<T>(schema: z.ZodType<T>, value: unknown, what: string, hint: string): T {
  parses += 1
  const { data, error } = schema.safeParse(value, { jitless: parses <= UNCOMPILED })
  if (error === undefined) return data
  const [{ path, message } = { path: [], message: '' }] = error.issues
  throw misconfigured(`${what} has no proper ${path.join('.') || 'form'} (${message}): ${hint}`, error)
}

/** Parses before schemas are compiled. That adds milliseconds to a cold start, and saves 20 microseconds in each later hit. */
const UNCOMPILED = 100
let parses = 0

/** `parseOwn` for JSON text. */
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
