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
export function parseFields<Schema extends z.ZodObject>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue === undefined) throw badField('body', 'it is malformed')
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape).join(', ')
    throw badField(issue.keys[0] ?? '', `there is no such field; there are ${known}`)
  }
  const [field] = issue.path
  if (field === undefined) throw badField('body', wordsOf(issue))
  const about = descriptionOf(schema, field)
  const isMissing = typeof value === 'object' && value !== null && !Object.hasOwn(value, field)
  const why = isMissing ? 'it is missing' : wordsOf(issue)
  throw badField(String(field), about === undefined ? why : `${why}; send ${about}`)
}

function descriptionOf({ shape }: z.ZodObject, field: PropertyKey): string | undefined {
  return Object.hasOwn(shape, field)
    ? (shape as Record<PropertyKey, z.ZodType>)[field]?.description
    : undefined
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
      return issue.message.startsWith('it ') ? issue.message : 'it is malformed'
    default:
      return 'it is malformed'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'an object',
  boolean: 'true or false',
  Uint8Array: 'a file',
}

const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' }
const boundOf = (which: 'least' | 'most', bound: number | bigint, origin: string): string =>
  UNITS[origin] === undefined ? `be at ${which} ${bound}` : `have at ${which} ${bound} ${UNITS[origin]}`

/** `field` may be text from a client. */
export const badField = (field: string, why: string): ProbeError =>
  new ProbeError('bad-field', `${quote(field).slice(1, -1).replaceAll(' ', '?')}: ${why}`)
