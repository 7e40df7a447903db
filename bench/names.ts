// Measures how long it takes to parse a name, over all names of the vectors.

import { parse } from '../lib/names/grammar.ts'
import { VECTORS } from '../test/support/names/vectors.ts'
import type { Measure } from './stage.ts'
import { inTurns, rowOf } from './turns.ts'

export const measureNames: Measure = async ({ rounds }) => {
  const about = { name: 'names', what: 'parse the name in a URL', against: 'new URL() of it' }
  const theirs = (path: string) => new URL(path, 'http://127.0.0.1')
  await nanoseconds(parse)
  const turns = await inTurns(
    rounds,
    () => nanoseconds(parse),
    () => nanoseconds(theirs),
  )
  return [rowOf({ ...about, note: `${turns.map(({ ours }) => ours.toFixed(0)).join(', ')} ns` }, turns)]
}

/** Nanoseconds for one name. */
async function nanoseconds(read: (path: string) => unknown): Promise<number> {
  const start = performance.now()
  for (const { path } of VECTORS) read(path)
  return ((performance.now() - start) * 1e6) / VECTORS.length
}
