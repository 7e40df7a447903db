// The queue of builds and load tests: whose turn is next.

import type { Open, Place } from './ports.ts'
import { ALIVE_MILLISECONDS, isRecent } from './retry.ts'

type State = Open['state']

/** Of a probe that is published, or that is to be once its kernel has loaded it. */
export const isTest = (state: State): boolean => state.state === 'published' || state.phase === 'load-test'

export const placeOf = (state: State): Place =>
  isTest(state) ? { claim: state.id, test: state.test ?? 1 } : { claim: state.id }

export const waitsForTurn = ({ state }: Open): boolean =>
  state.queuedAt !== undefined && state.buildId === undefined

/** Whether somebody waits for it now. What is published, nobody waits for. */
export const isWaitedFor = (state: State, now: number): boolean =>
  state.state === 'building' && isRecent(state.waitedAt ?? state.claimedAt, now, ALIVE_MILLISECONDS)

/** First what somebody waits for now, then what somebody asked for, then the tests that nobody waits for. */
function rankOf(state: State, now: number): number {
  if (isWaitedFor(state, now)) return 0
  return isTest(state) ? 2 : 1
}

const sinceOf = (state: State): number =>
  state.state === 'building' ? state.claimedAt : (state.queuedAt ?? 0)

/** Those that wait for their turn, the next one first; of the same rank whoever came first. */
export function queueOf(open: readonly Open[], now: number): readonly Open[] {
  const order = (a: Open, b: Open) =>
    rankOf(a.state, now) - rankOf(b.state, now) || sinceOf(a.state) - sinceOf(b.state)
  return open.filter(waitsForTurn).sort(order)
}
