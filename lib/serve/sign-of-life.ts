// Whoever waits for a probe gives a sign of life, by which its turn comes first, and what got lost on its way is sent again.

import { faultOf } from '../model/fault.ts'
import type { Bus, Clock, Index, Log } from '../model/ports.ts'
import type { Claim } from '../model/probe.ts'
import { isRecent, SIGN_MILLISECONDS } from '../model/retry.ts'

interface SignPorts {
  readonly index: Pick<Index, 'waited'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
  /** whether it is long enough ago, in this process, that the same was asked */
  readonly isTime: (claim: string) => boolean
}

/** Of whoever waits for what is being built under the key. Never rejects. */
export type Sign = (key: string, state: Claim) => Promise<void>

/**
 * One write every five seconds, however many wait. Nobody waits in vain for an event that was lost: of a plan that nobody
 * has begun, or of a turn that has come. What fails here is tried again by the next sign, and keeps nobody from waiting.
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
  // Its load test is asked for again by the sweep.
  if (isLost && state.phase === undefined && caller !== undefined)
    await bus.emit({ type: 'ProbeRequested', key, claim, attempt, caller })
}

/** Probes that are waited for at one time; of more, some give their sign more often. */
const MANY = 1000

/** True once in that many milliseconds for the same claim. */
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
