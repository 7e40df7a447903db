// Parses a uname release as falcoctl does. Names contain only the part that falcoctl parsed.

import { since } from './version.ts'

export interface FalcoctlRelease {
  /** the release in the name */
  readonly text: string
  /** the text after the numbers, including its separator; may contain a flavour */
  readonly extra: string
}

interface Grammar {
  readonly from: string
  /** words of digits may begin with 0, as in `5.4.119-19.0009.28` */
  readonly leadingZeros: boolean
  /** the release may end after the first separator, as in `5.15.146+` */
  readonly bareSeparator: boolean
  /** the major number is enough, as in `7` */
  readonly majorAlone: boolean
}

/** By falcoctl's version, newest first. */
const GRAMMARS: readonly Grammar[] = [
  { from: '0.13.0', leadingZeros: true, bareSeparator: true, majorAlone: true },
  { from: '0.10.0', leadingZeros: true, bareSeparator: true, majorAlone: false },
  { from: '0.8.0', leadingZeros: true, bareSeparator: false, majorAlone: false },
  { from: '0.7.0', leadingZeros: false, bareSeparator: false, majorAlone: false },
]

const NUMBER = '(?:0|[1-9]\\d*)'
const BUILD = '(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?'

function expressionOf({ leadingZeros, bareSeparator, majorAlone }: Grammar): RegExp {
  const digits = leadingZeros ? '\\d+' : NUMBER
  const minor = `(?:\\.${NUMBER}[.+]?(?:${NUMBER})?)${majorAlone ? '?' : ''}`
  const first = `(?:${digits}|\\d*[A-Za-z-][0-9A-Za-z-]*)${bareSeparator ? '?' : ''}`
  const further = `(?:${digits}|\\d*[A-Za-z-][0-9A-Za-z_-]*)`
  return new RegExp(`^(${NUMBER}${minor})((?:[-.+]${first}(?:[.+~]${further})*)?)${BUILD}$`)
}

const EXPRESSIONS = GRAMMARS.map((grammar) => ({ from: grammar.from, reads: expressionOf(grammar) }))

/** `undefined`: that version cannot parse the release. `unameRelease`: at most 64 characters. */
export function parseRelease(unameRelease: string, version: string): FalcoctlRelease | undefined {
  const expression = EXPRESSIONS.find(({ from }) => since(version, from))
  const [, numbers, extra] = expression?.reads.exec(unameRelease) ?? []
  if (numbers === undefined || extra === undefined) return undefined
  return { text: numbers + extra, extra }
}
