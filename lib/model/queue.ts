// The order of builds and load tests that wait.

import type { Open, Place } from './ports.ts'
import { ALIVE_MILLISECONDS, isRecent } from './retry.ts'

type State = Open['state']

/** True in a load test, before or after the publication. */
export const isTest = (state: State): boolean => state.state === 'published' || state.phase === 'load-test'

export const placeOf = (state: State): Place =>
  isTest(state) ? { claim: state.id, test: state.test ?? 1 } : { claim: state.id }

export const waitsForTurn = ({ state }: Open): boolean =>
  state.queuedAt !== undefined && state.buildId === undefined

/** True if a client waits for it now; nobody waits for a published probe. */
export const isWaitedFor = (state: State, now: number): boolean =>
  state.state === 'building' && isRecent(state.waitedAt ?? state.claimedAt, now, ALIVE_MILLISECONDS)

/** Builds with a waiting client first, then other builds, then tests that nobody waits for. */
function rankOf(state: State, now: number): number {
  if (isWaitedFor(state, now)) return 0
  return isTest(state) ? 2 : 1
}

const sinceOf = (state: State): number =>
  state.state === 'building' ? state.claimedAt : (state.queuedAt ?? 0)

/** Those that wait for their turn, in order; within a rank the oldest first. */
export function queueOf(open: readonly Open[], now: number): readonly Open[] {
  const order = (a: Open, b: Open) =>
    rankOf(a.state, now) - rankOf(b.state, now) || sinceOf(a.state) - sinceOf(b.state)
  return open.filter(waitsForTurn).sort(order)
}
