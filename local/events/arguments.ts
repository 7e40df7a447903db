// Reads the arguments of a pattern's operators, and throws if one has the wrong form.

import type { Source } from './json-source.ts'

export type Fields = readonly (readonly [name: string, value: Source])[]

export function only(fields: Fields): readonly [name: string, value: Source] {
  const [field, ...more] = fields
  if (field === undefined || more.length > 0) throw new Error('a matcher has exactly one operator')
  return field
}

export function text(argument: Source): string {
  if (argument.tag !== 'string') throw new Error('this operator takes a text')
  return argument.text
}

export function entriesOf(argument: Source): readonly Source[] {
  if (argument.tag !== 'list') throw new Error('this operator takes a list')
  return argument.entries
}

export function oneOrMore(argument: Source): readonly Source[] {
  if (argument.tag !== 'list') return [argument]
  if (argument.entries.length === 0) throw new Error('an empty list is not allowed')
  return argument.entries
}
