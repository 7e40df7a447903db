// Handles the end of a build or a load test: publishes the probe, or records why it failed.

import { eventOf, giveTurns } from '../build/turn.ts'
import { faultOf } from '../model/fault.ts'
import type { Open, Place } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { isTest, placeOf, waitsForTurn } from '../model/queue.ts'
import { QUEUE_MILLISECONDS } from '../model/retry.ts'
import { buildEnded } from './built.ts'
import { type BuildEnd, endOf, type PublishOutcome } from './end.ts'
import { fail } from './fail.ts'
import type { PublishPorts } from './ports.ts'
import { wantPackages } from './release.ts'
import { testEnded } from './tested.ts'

/**
 * Every step can be repeated, in any order with other calls for the same probe: the keys of objects contain their digest, and
 * the index accepts only the holder of the claim. Errors are thrown, so that the event comes again. After the deadline of its
 * claim, an error fails the claim, and the probe's own URL reports it.
 */
export async function publish(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  if (end.mayRun === true) return lookAt(ports, end)
  if (end.status !== undefined) await freePlace(ports, placeOfEnd(end))
  try {
    return await settle(ports, end)
  } catch (error) {
    if (end.status === undefined) await giveUp(ports, end, error)
    throw error
  }
}

/**
 * The event of an end may be lost (https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html).
 * Asking the builder finds the end before the deadline does. An event that comes later finds the build settled.
 */
async function lookAt(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  const state = await ports.index.get(end.key, { consistent: true })
  if (!isOf(state, end) || state.buildId === undefined) return 'claim-lost'
  const { status, ...look } = await ports.builder.look(state.buildId)
  // `unknown` does not mean lost: the builder may not know a build that was just started.
  if (status === 'running' || status === 'unknown') return 'running'
  const { key, claim } = end
  return publish(ports, { key, claim, status, ...look, ...phaseOf(state) })
}

const phaseOf = (state: Open['state']): Pick<BuildEnd, 'phase' | 'test'> =>
  isTest(state) ? { phase: 'load-test', test: state.test } : { phase: 'build' }

const placeOfEnd = ({ claim, phase, test = 1 }: BuildEnd): Place =>
  phase === 'load-test' ? { claim, test } : { claim }

/** Frees a place for the next in the queue. An error here must not lose the probe: the sweep gives turns within a minute. */
async function freePlace(ports: PublishPorts, place: Place): Promise<void> {
  await ports.places.release(place)
  try {
    await giveTurns(ports)
  } catch (error) {
    ports.log('no turn given', { why: faultOf(error) })
  }
}

/** Fails only an open claim. If only a verdict could not be added, the probe stays published. */
async function giveUp(ports: PublishPorts, { key, claim: id }: BuildEnd, cause: unknown): Promise<void> {
  const claim = await ports.index.get(key, { consistent: true })
  if (claim?.state !== 'building' || claim.id !== id) return
  const how =
    claim.buildId === undefined
      ? 'the registry failed before it could be built'
      : 'it was built, and the registry failed to publish it'
  await fail(ports, {
    ...{ key, claim, reason: 'build-broken' },
    detail: (due) =>
      `${how}: ${faultOf(cause)}. The operator must fix this; the next request after ${due} builds it again`,
  })
}

async function settle(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  const state = await ports.index.get(end.key, { consistent: true })
  if (!isOf(state, end)) return 'claim-lost'
  if (end.status !== undefined) return settled(ports, end, state)
  if (waitsForTurn({ key: end.key, state })) return requestAgain(ports, end.key, state)
  const outcome = await settled(ports, end, state)
  // After the deadline, no event frees the place.
  await freePlace(ports, placeOf(state))
  return outcome
}

const isOf = (state: ProbeState | undefined, { claim }: BuildEnd): state is Open['state'] =>
  (state?.state === 'building' || state?.state === 'published') && state.id === claim

/** Sends the event again, because it may be lost. The plan then checks whether the turn has come. */
async function requestAgain({ index, bus, now }: PublishPorts, key: string, state: Open['state']) {
  await index.queued(key, state.id, now(), now() + QUEUE_MILLISECONDS)
  await bus.emit(eventOf({ key, state }))
  return isTest(state) ? ('testing' as const) : ('queued' as const)
}

async function settled(ports: PublishPorts, end: BuildEnd, state: Open['state']): Promise<PublishOutcome> {
  const { key, phase } = end
  if (state.state === 'published') {
    if (state.test === undefined || phase === 'build') return wantPackages(ports, key)
    return testEnded(ports, end, { ...state, test: state.test })
  }
  if (state.phase !== 'load-test')
    return buildEnded(ports, { key, claim: state }, await endOf(ports.builder, end, state))
  // If the phase is `build`, the build's event came again after its load test was requested.
  return phase === 'build' ? 'testing' : testEnded(ports, end, { ...state, test: state.test ?? 1 })
}
