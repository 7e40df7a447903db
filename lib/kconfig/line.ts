// Reads one line of a kernel config as Kconfig does, and reports ignored parts.

import type { OptionValue } from './kconfig.ts'

type Line =
  | {
      readonly tag: 'option'
      /** without `CONFIG_` */
      readonly name: string
      readonly value: OptionValue
      /** human-readable: the ignored rest of the line */
      readonly ignored?: string
    }
  | { readonly tag: 'comment'; readonly ignored?: string }
  /** Kconfig would ignore the complete line */
  | { readonly tag: 'damaged'; readonly ignored: string }

const NAME = '[A-Za-z0-9_]{1,128}'
const ASSIGNMENT = new RegExp(`^CONFIG_(${NAME})=(.*)$`, 's')
/** Any character after the "#", any text after "set". */
const NOT_SET = new RegExp(`^#.CONFIG_(${NAME}) is not set(.*)$`, 's')
/** Looks like NOT_SET to a person. For Kconfig it is only a comment, because its blanks or its number of "#" are wrong. */
const ALMOST_NOT_SET = /^#{1,3}[ \t]{0,8}CONFIG_[A-Za-z0-9_]{1,128}[ \t]{1,8}is not set/
const BARE = new RegExp(`^CONFIG_${NAME}[ \\t\\r]*$`)

const NUMBER = /^-?(?:0|[1-9]\d{0,18})$/
const HEX = /^0[xX][0-9A-Fa-f]{1,16}$/
const BLANKS = /^[ \t\r]*$/

/** Accepts any text without a line break. */
export function readLine(line: string): Line {
  if (BLANKS.test(line)) return { tag: 'comment' }
  if (line.startsWith('#')) return ofComment(line)
  const [, name, written] = ASSIGNMENT.exec(line) ?? []
  if (name === undefined || written === undefined)
    return damaged(
      BARE.test(line) ? 'it names an option without a value' : 'it is neither an option nor a comment',
    )
  return ofValue(name, written)
}

function ofComment(line: string): Line {
  const [, name, rest] = NOT_SET.exec(line) ?? []
  if (name !== undefined && rest !== undefined)
    return option(name, { tag: 'switch', value: 'n' }, rest, 'after "is not set"')
  return ALMOST_NOT_SET.test(line)
    ? { tag: 'comment', ignored: 'Kconfig takes it for a comment: it wants "# CONFIG_X is not set"' }
    : { tag: 'comment' }
}

/** The first character decides the type. Of a switch, Kconfig reads only this character. */
function ofValue(name: string, written: string): Line {
  const [first = ''] = written
  if (first === 'y' || first === 'm' || first === 'n')
    return option(name, { tag: 'switch', value: first }, written.slice(1), `after "${first}"`)
  if (first === '"') return ofString(name, written)
  const digits = written.trimEnd()
  if (NUMBER.test(digits)) return { tag: 'option', name, value: { tag: 'number', digits } }
  if (HEX.test(digits)) return { tag: 'option', name, value: { tag: 'hex', digits } }
  return damaged(written === '' ? 'it has no value' : 'no option has such a value')
}

/** Reads up to the next quote without a backslash. Like Kconfig, takes any character after a backslash literally. */
function ofString(name: string, written: string): Line {
  const end = endOfString(written)
  if (end === undefined) return damaged('its quotes do not end')
  const text = written.slice(1, end).replace(/\\(.)/gs, '$1')
  return option(name, { tag: 'string', text }, written.slice(end + 1), 'after its quotes')
}

function endOfString(written: string): number | undefined {
  for (let at = 1; at < written.length; at += 1) {
    if (written[at] === '"') return at
    if (written[at] === '\\') at += 1
  }
  return undefined
}

function option(name: string, value: OptionValue, rest: string, where: string): Line {
  return BLANKS.test(rest)
    ? { tag: 'option', name, value }
    : { tag: 'option', name, value, ignored: `the text ${where}` }
}

const damaged = (ignored: string): Line => ({ tag: 'damaged', ignored })
