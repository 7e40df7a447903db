// How long it takes to read a name, over all names of the vectors.

import { parse } from '../lib/names/grammar.ts'
import { VECTORS } from '../test/support/names/vectors.ts'

const ROUNDS = 10

/** Microseconds a name, the median of the rounds. */
export function timeNames(): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    for (const { path } of VECTORS) parse(path)
    return ((performance.now() - start) * 1000) / VECTORS.length
  })
  return rounds.sort((a, b) => a - b)[ROUNDS / 2] ?? Number.NaN
}

if (import.meta.main)
  console.log(`reading one of ${VECTORS.length} names: ${timeNames().toFixed(2)} us; under 5 us`)
