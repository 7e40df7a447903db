// Records that a client still waits, so that its build comes first and lost events are sent again.

import { faultOf } from '../model/fault.ts'
import type { Bus, Clock, Index, Log } from '../model/ports.ts'
import type { Claim } from '../model/probe.ts'
import { isRecent, SIGN_MILLISECONDS } from '../model/retry.ts'

interface SignPorts {
  readonly index: Pick<Index, 'waited'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
  /** whether enough time has passed since this process recorded the last sign for the claim */
  readonly isTime: (claim: string) => boolean
}

/** Never rejects. */
export type Sign = (key: string, state: Claim) => Promise<void>

/**
 * Writes once in five seconds, however many clients wait. Sends the event again if no plan has begun, or if the build waits for
 * its turn. After an error, the next sign tries again.
 */
export async function giveSign(ports: SignPorts, key: string, state: Claim): Promise<void> {
  if (state.buildId !== undefined || !ports.isTime(state.id)) return
  try {
    await sign(ports, key, state)
  } catch (error) {
    ports.log('no sign of life given', { key, claim: state.id, why: faultOf(error) })
  }
}

async function sign({ index, bus, now }: SignPorts, key: string, state: Claim): Promise<void> {
  const { id: claim, claimedAt, waitedAt = claimedAt, plannedAt, queuedAt, attempt, caller } = state
  if (isRecent(waitedAt, now(), SIGN_MILLISECONDS)) return
  if (!(await index.waited(key, claim, now()))) return
  const isLost = plannedAt === undefined || queuedAt !== undefined
  // Load tests need no event here, because the sweep requests them again.
  if (isLost && state.phase === undefined && caller !== undefined)
    await bus.emit({ type: 'ProbeRequested', key, claim, attempt, caller })
}

/** Number of claims to remember. With more, some signs are recorded more often. */
const MANY = 1000

/** True at most once in `milliseconds` for the same claim. */
export function everyMilliseconds(milliseconds: number, elapsed: () => number): SignPorts['isTime'] {
  const last = new Map<string, number>()
  return (claim) => {
    const at = last.get(claim)
    if (at !== undefined && elapsed() - at < milliseconds) return false
    if (last.size >= MANY) last.clear()
    last.set(claim, elapsed())
    return true
  }
}
