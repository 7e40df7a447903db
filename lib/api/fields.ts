// What a client sends, held against a schema: the first fault is told by the name of its field.

import * as z from 'zod'
import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** A number of a query: decimal digits, and nothing else that languages take for a number. */
export const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(
      new RegExp(`^(?:0|[1-9]\\d{0,${String(max).length - 1}})$`),
      `it is not a number from ${min} to ${max} in decimal digits`,
    )
    .transform(Number)
    .pipe(z.int().min(min).max(max))

/** ProbeError `bad-field`. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  if (unknown !== undefined) throw badField(unknown, 'there is no such field')
  const field = String(issue?.path[0] ?? 'body')
  const missing = typeof value === 'object' && value !== null && !Object.hasOwn(value, field)
  throw badField(field, missing && field !== 'body' ? 'it is missing' : (issue?.message ?? 'it is malformed'))
}

/** `field` may be a client's own text. */
export const badField = (field: string, why: string): ProbeError =>
  new ProbeError('bad-field', `${quote(field).slice(1, -1).replaceAll(' ', '?')}: ${why}`)
