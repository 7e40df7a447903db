// Decides the order of waiting builds and load tests.

import type { Open, Place } from './ports.ts'
import { ALIVE_MILLISECONDS, isRecent } from './retry.ts'

type State = Open['state']

/** True during a load test, before or after the publication. */
export const isTest = (state: State): boolean => state.state === 'published' || state.phase === 'load-test'

export const placeOf = (state: State): Place =>
  isTest(state) ? { claim: state.id, test: state.test ?? 1 } : { claim: state.id }

export const waitsForTurn = ({ state }: Open): boolean =>
  state.queuedAt !== undefined && state.buildId === undefined

/** True if a client waits for it now. No client waits for a published probe. */
export const isWaitedFor = (state: State, now: number): boolean =>
  state.state === 'building' && isRecent(state.waitedAt ?? state.claimedAt, now, ALIVE_MILLISECONDS)

/** Lower comes first: everything with a waiting client, then other builds, then other tests. */
function rankOf(state: State, now: number): number {
  if (isWaitedFor(state, now)) return 0
  return isTest(state) ? 2 : 1
}

const sinceOf = (state: State): number =>
  state.state === 'building' ? state.claimedAt : (state.queuedAt ?? 0)

/** Builds and tests that wait for their turn, in their order. Within a rank, the oldest comes first. */
export function queueOf(open: readonly Open[], now: number): readonly Open[] {
  const order = (a: Open, b: Open) =>
    rankOf(a.state, now) - rankOf(b.state, now) || sinceOf(a.state) - sinceOf(b.state)
  return open.filter(waitsForTurn).sort(order)
}
