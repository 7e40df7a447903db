// Compiles the operator `numeric`: a comparison with one or two bounds.

import { entriesOf } from './arguments.ts'
import type { Source } from './json-source.ts'
import { comparable } from './numbers.ts'

const LOWER: Readonly<Record<string, (found: number, bound: number) => boolean>> = {
  '>': (found, bound) => found > bound,
  '>=': (found, bound) => found >= bound,
}
const UPPER: typeof LOWER = {
  '<': (found, bound) => found < bound,
  '<=': (found, bound) => found <= bound,
}
const BOUNDS: typeof LOWER = { ...LOWER, ...UPPER, '=': (found, bound) => found === bound }

/** Parses `["=", 3]`, `["<", 3]`, or a lower and an upper bound: `[">", 0, "<=", 5]`. */
export function range(argument: Source): (found: number) => boolean {
  const [first, low, second, high, ...more] = entriesOf(argument)
  const lower = bound(first, low, second === undefined ? BOUNDS : LOWER)
  if (second === undefined) return lower.fits
  const upper = bound(second, high, UPPER)
  if (more.length > 0) throw new Error('a numeric range has two bounds')
  if (lower.at >= upper.at) throw new Error('a numeric range goes from the lower number to the higher one')
  return (found) => lower.fits(found) && upper.fits(found)
}

function bound(sign: Source | undefined, digits: Source | undefined, allowed: typeof LOWER) {
  const name = sign?.tag === 'string' ? sign.text : ''
  const holds = Object.hasOwn(allowed, name) ? allowed[name] : undefined
  if (holds === undefined) throw new Error(`numeric takes ${Object.keys(allowed).join(', ')} here`)
  const at = digits?.tag === 'number' ? comparable(digits.digits) : undefined
  if (at === undefined) throw new Error(`numeric compares ${name} with a number that a double holds`)
  return { at, fits: (found: number) => holds(found, at) }
}
