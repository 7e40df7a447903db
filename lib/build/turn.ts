// Gives free places to waiting builds and load tests, in the order of the queue.

import type { RegistryEvent } from '../model/events.ts'
import type { Builder, Bus, Clock, Index, Log, Open, Places } from '../model/ports.ts'
import { isTest, isWaitedFor, placeOf, queueOf } from '../model/queue.ts'
import { QUEUE_MILLISECONDS } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { jobSeconds } from './decide.ts'

export interface TurnPorts {
  readonly index: Pick<Index, 'open' | 'spare'>
  readonly places: Pick<Places, 'take'>
  readonly builder: Pick<Builder, 'stop'>
  readonly bus: Bus
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
}

/** Number of open builds and load tests that are read. */
const MANY = 500

/**
 * Gives free places to the first in the queue, and sends the event that starts each. `me`: the caller, which counts as queued.
 * Resolves to whether `me` has a place; it gets no event, but starts itself.
 * A crash after a place is taken leaves it taken. A waiting client or the sweep sends its event again, and the repeated plan
 * finds the place.
 */
export async function giveTurns(ports: TurnPorts, me?: Open): Promise<boolean> {
  const { places, settings, now } = ports
  const open = await ports.index.open(MANY)
  const others = open.filter(({ key }) => key !== me?.key)
  const queue = queueOf(me === undefined ? others : [...others, waiting(me, now())], now())
  const take = ({ state }: Open) =>
    places.take(placeOf(state), now() + jobSeconds(settings) * 1000, settings.build.atOnce)
  for (const next of queue) {
    const took = await take(next)
    if (next.key === me?.key && took !== 'full') return true
    // The event plans it again, and that plan finds its place.
    if (took === 'taken') await ports.bus.emit(eventOf(next))
    if (took !== 'full') continue
    await makeRoom(ports, next, open)
    // Another got ahead of `me`, but `me` may already have a place from an earlier turn.
    return me !== undefined && next.key !== me.key && (await take(me)) !== 'full'
  }
  return false
}

/**
 * True if `me` has a place; otherwise queues it. Checks twice, because the turn may come between the first check and the write to
 * the queue. A crash after the first check leaves a claim without a build or test, as before its plan. `fields`: of the log.
 */
export async function hasTurn(
  ports: TurnPorts & { readonly index: Pick<Index, 'queued'> },
  me: Open,
  event: string,
  fields: Readonly<Record<string, string | number>> & { readonly claim: string },
): Promise<boolean> {
  if (await giveTurns(ports, me)) return true
  const now = ports.now()
  await ports.index.queued(me.key, fields.claim, now, now + QUEUE_MILLISECONDS)
  ports.log(event, fields)
  return giveTurns(ports, me)
}

const waiting = ({ key, state }: Open, now: number): Open => ({
  key,
  state: { ...state, queuedAt: state.queuedAt ?? now },
})

/** The event that starts the plan of a build or of a load test. */
export function eventOf({ key, state }: Open): RegistryEvent {
  const { id: claim, attempt } = state
  if (state.state === 'building' && !isTest(state))
    return { type: 'ProbeRequested', key, claim, attempt, caller: state.caller ?? NOBODY }
  const { test = 1, sha256 = '', bytes = 0 } = state
  return { type: 'LoadTestRequested', key, claim, test, sha256, bytes }
}

/** Stands for the caller of older claims, which have none. */
const NOBODY = '0.0.0.0'

/** How often one load test may be interrupted for a build. */
const MOST_SPARED = 5

/**
 * If a client waits for `next`, stops the test of a published probe. No client waits for that test, and it runs again later.
 * After a crash before the stop, the test continues to its end.
 */
async function makeRoom({ index, builder, log, now }: TurnPorts, next: Open, open: readonly Open[]) {
  if (isTest(next.state) || !isWaitedFor(next.state, now())) return
  const test = open.find(
    ({ state }) =>
      state.state === 'published' && state.buildId !== undefined && (state.spared ?? 0) < MOST_SPARED,
  )
  if (test === undefined) return
  const { key, state } = test
  const { id: claim, buildId = '', test: number = 1 } = state
  if (!(await index.spare(key, claim, { test: number, buildId }))) return
  await builder.stop(buildId)
  log('load test interrupted', { key, claim, test: number, by: next.key })
}
