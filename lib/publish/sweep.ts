// Builds and load tests past their deadline, whatever was lost on their way: each is settled by the normal run's own path.

import type { Bus, Clock, Index, Log } from '../model/ports.ts'

export interface SweepPorts {
  readonly index: Pick<Index, 'overdue'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
}

/** What one sweep settles; the next sweep takes the rest. */
const BATCH = 100

/**
 * Emits `ProbeOverdue` for each; publish, which alone holds the key, asks the builder how the build ended.
 * A sweep that crashes half-way leaves the rest overdue, for the next one. Resolves to their number.
 */
export async function sweep({ index, bus, now, log }: SweepPorts): Promise<number> {
  const overdue = await index.overdue(now(), BATCH)
  for (const { key, claim } of overdue) {
    log('overdue', { key, claim })
    await bus.emit({ type: 'ProbeOverdue', key, claim })
  }
  return overdue.length
}
