// Finds open builds and load tests whose events may be lost, and sends them through publish.

import type { Bus, Clock, Index, Log } from '../model/ports.ts'

export interface SweepPorts {
  readonly index: Pick<Index, 'overdue' | 'open'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
}

/** Maximum number of items in one sweep; the next sweep takes the rest. */
const BATCH = 100

/**
 * Emits `ProbeOverdue` for each claim past its deadline, and `BuildRunning` for each other one whose build was started. The
 * function publish then asks the builder about them, because only publish has the signing key. After a crash, the next sweep
 * takes the rest. Resolves to the number of overdue claims.
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
