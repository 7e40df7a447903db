// Finds open builds and load tests whose events may be lost, and sends them through publish.

import type { Bus, Clock, Index, Log } from '../model/ports.ts'

export interface SweepPorts {
  readonly index: Pick<Index, 'overdue' | 'open'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
}

/** Items of one sweep; the next sweep takes the rest. */
const BATCH = 100

/**
 * Emits `ProbeOverdue` for each that is past its deadline, and `BuildRunning` for each other that was started: publish, which
 * alone holds the signing key, asks the builder about them. A sweep that crashes half-way leaves the rest for the next one.
 * Resolves to the number of overdue ones.
 */
export async function sweep({ index, bus, now, log }: SweepPorts): Promise<number> {
  const overdue = await index.overdue(now(), BATCH)
  for (const { key, claim } of overdue) {
    log('overdue', { key, claim })
    await bus.emit({ type: 'ProbeOverdue', key, claim })
  }
  const told = new Set(overdue.map(({ claim }) => claim))
  for (const { key, state } of await index.open(BATCH)) {
    const { id: claim, buildId } = state
    if (buildId !== undefined && !told.has(claim)) await bus.emit({ type: 'BuildRunning', key, claim })
  }
  return overdue.length
}
