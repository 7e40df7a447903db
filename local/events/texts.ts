// Tests for a text: equality, prefix and suffix, with or without case, and wildcards.

import { type Fields, only, type Source, text } from './json-source.ts'

export type TextTest = (text: string) => boolean

export const sameText =
  (wanted: string): TextTest =>
  (found) =>
    found === wanted

export const prefix = (argument: Source): TextTest => atEdge('^', argument, '')
export const suffix = (argument: Source): TextTest => atEdge('', argument, '$')

function atEdge(start: '^' | '', argument: Source, end: '$' | ''): TextTest {
  if (argument.tag === 'object') return inAnyCase(start, ignoringCase(argument.fields), end)
  return matching(`${start}${literally(text(argument))}${end}`)
}

function ignoringCase(fields: Fields): string {
  const [name, argument] = only(fields)
  if (name !== 'equals-ignore-case') throw new Error(`there is no operator ${name} within this one`)
  return text(argument)
}

/** Ignores case for each UTF-16 unit separately: it fits if it equals the unit's lower or upper case. */
export function inAnyCase(start: '^' | '', wanted: string, end: '$' | ''): TextTest {
  const characters = wanted
    .split('')
    .map((one) => `(?:${literally(one.toLowerCase())}|${literally(one.toUpperCase())})`)
  return matching(`${start}${characters.join('')}${end}`)
}

export function wildcard(wanted: string): TextTest {
  if (!/^(?:[^*\\]|\\[*\\]|\*(?!\*))*$/s.test(wanted))
    throw new Error('a wildcard has no two * in a row, and \\ only before * or \\')
  const parts = wanted.match(/\\.|[^\\]/gs) ?? []
  return matching(`^${parts.map((part) => (part === '*' ? '.*' : literally(part.at(-1)!))).join('')}$`)
}

const literally = (text: string): string =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

function matching(expression: string): TextTest {
  const compiled = new RegExp(expression, 's')
  return (found) => compiled.test(found)
}
