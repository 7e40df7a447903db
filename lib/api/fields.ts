// Validates client input and reports the first invalid field by name.

import * as z from 'zod'
import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** A number in a query, of decimal digits only. */
export const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(
      new RegExp(`^(?:0|[1-9]\\d{0,${String(max).length - 1}})$`),
      `it is not a number from ${min} to ${max} in decimal digits`,
    )
    .transform(Number)
    .pipe(z.int().min(min).max(max))

/** @throws {ProbeError} `bad-field`: the message quotes the description in the field's schema. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue === undefined) throw badField('body', 'it is malformed')
  if (issue.code === 'unrecognized_keys') throw badField(issue.keys[0] ?? '', noSuchField(schema))
  const [first] = issue.path
  const field = first === undefined ? 'body' : String(first)
  const about = first === undefined ? undefined : descriptionOf(schema, field)
  const missing = typeof value === 'object' && value !== null && !Object.hasOwn(value, field)
  if (missing && field !== 'body')
    throw badField(field, about === undefined ? 'it is missing' : `it is missing; send ${about}`)
  throw badField(field, `${wordsOf(issue)}${about === undefined ? '' : `; send ${about}`}`)
}

function descriptionOf(schema: z.ZodType, field: string): string | undefined {
  const shape = schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {}
  return Object.hasOwn(shape, field) ? shape[field]?.description : undefined
}

const noSuchField = (schema: z.ZodType): string => {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  return `there is no such field; there are ${known.join(', ')}`
}

/** Returns the check's own message, or a plain one in place of zod's, which are for programmers. */
function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `it must be ${TYPES[issue.expected] ?? 'of another kind'}`
    case 'too_small':
      return `it must ${boundOf('least', issue.minimum, issue.origin)}`
    case 'too_big':
      return `it must ${boundOf('most', issue.maximum, issue.origin)}`
    case 'invalid_value':
      return `it must be ${issue.values.join(' or ')}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? (issue.message.startsWith('it ') ? issue.message : 'it is malformed')
    default:
      return 'it is malformed'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'an object',
  boolean: 'true or false',
  number: 'a number',
  int: 'a number',
  Uint8Array: 'a file',
}
const FORMATS: Readonly<Record<string, string>> = { base64: 'it must be base64' }

const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' }
const boundOf = (which: 'least' | 'most', bound: number | bigint, origin: string): string =>
  UNITS[origin] === undefined ? `be at ${which} ${bound}` : `have at ${which} ${bound} ${UNITS[origin]}`

/** `field` may be text from a client. */
export const badField = (field: string, why: string): ProbeError =>
  new ProbeError('bad-field', `${quote(field).slice(1, -1).replaceAll(' ', '?')}: ${why}`)
