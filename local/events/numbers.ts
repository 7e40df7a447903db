// Compares numbers as EventBridge does: only those that a double represents exactly.

import type { Source } from './json-source.ts'

/** `undefined` if a double cannot represent the digits exactly, e.g. `9007199254740993` or `1e400`. */
export function comparable(digits: string): number | undefined {
  const value = Number(digits)
  return Number.isFinite(value) && plain(String(value)) === plain(digits) ? value : undefined
}

/** Returns the same text for equal decimal numbers: `1.50`, `15e-1` and `0.15e1` all give `15e-1`. */
function plain(digits: string): string {
  const [, sign, whole, part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(digits) ?? []
  const all = `${whole}${part}`.replace(/^0+/, '')
  const kept = all.replace(/0+$/, '')
  return kept === '' ? '0' : `${sign}${kept}e${Number(exponent) - part.length + all.length - kept.length}`
}

const LOWER: Readonly<Record<string, (found: number, bound: number) => boolean>> = {
  '>': (found, bound) => found > bound,
  '>=': (found, bound) => found >= bound,
}
const UPPER: typeof LOWER = {
  '<': (found, bound) => found < bound,
  '<=': (found, bound) => found <= bound,
}
const BOUNDS: typeof LOWER = { ...LOWER, ...UPPER, '=': (found, bound) => found === bound }

/** Parses the argument of `numeric`: `["=", 3]`, `["<", 3]`, or a lower and an upper bound: `[">", 0, "<=", 5]`. */
export function range(argument: Source): (found: number) => boolean {
  if (argument.tag !== 'list') throw new Error('this operator takes a list')
  const [first, low, second, high, ...more] = argument.entries
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
