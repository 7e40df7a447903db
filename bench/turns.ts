// Measures a row: alternates the registry and its baseline, so that other load on the machine affects both.

import { loadavg } from 'node:os'
import type { Row } from './table.ts'

export interface Turn {
  readonly ours: number
  readonly theirs: number
  /** load of the machine at the end */
  readonly load: number
}

type Measure = (round: number) => Promise<number>

export async function inTurns(rounds: number, ours: Measure, theirs: Measure): Promise<Turn[]> {
  const turns: Turn[] = []
  for (let round = 0; round < rounds; round += 1) {
    const [one, other] = [await ours(round), await theirs(round)]
    turns.push({ ours: one, theirs: other, load: load() })
  }
  return turns
}

/** Running and waiting processes, averaged over the last minute. */
export const load = (): number => loadavg()[0] ?? Number.NaN

/** The description of a row, known before it is measured. */
export type About = Omit<Row, 'ratios' | 'loads'>

export const rowOf = (about: About, turns: readonly Turn[]): Row => ({
  ...about,
  ratios: turns.map(({ ours, theirs }) => ours / theirs),
  loads: turns.map((turn) => turn.load),
})

/** A row that could not be measured on this machine. */
export const skipped = (about: About, why: unknown): Row => {
  const [line] = (why instanceof Error ? why.message : String(why)).split('\n')
  return { ...about, ratios: [], loads: [], note: `skipped: ${line}` }
}

export async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return (performance.now() - start) / 1000
}
