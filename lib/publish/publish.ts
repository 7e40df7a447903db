// A build ended: verify, sign, store and, last of all, tell the index. Or say why not.

import { lastLines } from '../build/failure.ts'
import { eventOf, giveTurns, type TurnPorts } from '../build/turn.ts'
import { loadTestOf, NO_IMAGE, tellVerdict } from '../build/verdict.ts'
import { sha256 } from '../model/digest.ts'
import { unreachable } from '../model/errors.ts'
import { faultOf } from '../model/fault.ts'
import type {
  BrokeOff,
  Budgets,
  BuildCache,
  Builder,
  BuildLook,
  BuildStatus,
  Bus,
  Index,
  Log,
  Measured,
  Open,
  Phase,
  Place,
  Places,
  Store,
  Testing,
} from '../model/ports.ts'
import type { Claim, LoadTest, ProbeState } from '../model/probe.ts'
import { isTest, placeOf, waitsForTurn } from '../model/queue.ts'
import { PLAN_MILLISECONDS, QUEUE_MILLISECONDS } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { nameOf, probeOf } from '../names/grammar.ts'
import { subjectOfName } from '../names/subject.ts'
import { giveBack, giveBackBuild } from '../serve/spending.ts'
import { type ArtifactPorts, storeProbe } from './artifacts.ts'
import { type FailPorts, fail, failBuild } from './fail.ts'
import { keepTree, readLoadTest, readStaged, type Tested, verifyStaged, type Whole } from './staged.ts'

export interface PublishPorts extends ArtifactPorts, FailPorts, TurnPorts {
  readonly index: Pick<
    Index,
    'get' | 'publish' | 'testing' | 'verdict' | 'fail' | 'queued' | 'open' | 'spare'
  >
  readonly places: Places
  readonly budgets: Budgets
  readonly staging: Pick<Store, 'get'>
  readonly artifacts: Pick<Store, 'create'>
  readonly cache: Pick<BuildCache, 'keep'>
  readonly builder: Pick<Builder, 'look' | 'stop'>
  readonly bus: Bus
  readonly log: Log
  readonly settings: Settings
}

export interface BuildEnd {
  readonly key: string
  readonly claim: string
  /** `undefined`: ask the builder (the event never came) */
  readonly status: BuildStatus | undefined
  /** `undefined`: whichever the index says was the last to be started */
  readonly phase: Phase | undefined
  /** of a load test: which one, from 1; `undefined`: whichever the index says was the last to be asked for */
  readonly test?: number | undefined
  /** of a build that failed or took too long */
  readonly brokeOff?: BrokeOff
  /** `status` is to be asked for, and what still runs is left alone */
  readonly mayRun?: boolean
}

/** `tested`: the verdict is known. `testing`: it will be. `queued`: its turn has not come. `running`: nothing is known yet. */
export type PublishOutcome =
  | 'published'
  | 'failed'
  | 'testing'
  | 'tested'
  | 'queued'
  | 'running'
  | 'claim-lost'

/**
 * Every step may be repeated, in any order with other calls for the same probe: objects are created under
 * keys that hold their digest, and the index accepts only the holder of the claim. What fails is thrown, and the event
 * comes again; past the deadline of its claim it fails the claim, so that the probe's own URL says why.
 */
export async function publish(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  if (end.mayRun === true) return lookAt(ports, end)
  if (end.status !== undefined) await ended(ports, placeOfEnd(end))
  try {
    return await settle(ports, end)
  } catch (error) {
    if (end.status === undefined) await giveUp(ports, end, error)
    throw error
  }
}

/**
 * The end of a build is told by an event that may be lost, and nobody else tells it before its deadline:
 * https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html. An event that comes after all
 * finds it settled.
 */
async function lookAt(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  const state = await ports.index.get(end.key, { consistent: true })
  if (!isOf(state, end) || state.buildId === undefined) return 'claim-lost'
  const look = await ports.builder.look(state.buildId)
  // What it does not know may have been started this moment.
  if (look.status === 'running' || look.status === 'unknown') return 'running'
  const { key, claim } = end
  return publish(ports, { key, claim, ...look, ...phaseOf(state) })
}

const phaseOf = (state: Open['state']): Pick<BuildEnd, 'phase' | 'test'> =>
  isTest(state) ? { phase: 'load-test', test: state.test } : { phase: 'build' }

const placeOfEnd = ({ claim, phase, test = 1 }: BuildEnd): Place =>
  phase === 'load-test' ? { claim, test } : { claim }

/** Its place is the next one's. Nothing that goes wrong here keeps what was built: the queue is looked at every minute. */
async function ended(ports: PublishPorts, place: Place): Promise<void> {
  await ports.places.release(place)
  try {
    await giveTurns(ports)
  } catch (error) {
    ports.log('no turn given', { why: faultOf(error) })
  }
}

/** Only a claim that is still open is failed: a verdict that could not be added takes nothing from what is published. */
async function giveUp(ports: PublishPorts, { key, claim }: BuildEnd, cause: unknown): Promise<void> {
  const state = await ports.index.get(key, { consistent: true })
  if (state?.state !== 'building' || state.id !== claim) return
  await fail(
    ports,
    key,
    state,
    'build-broken',
    (due) =>
      `${state.buildId === undefined ? 'the registry failed before it could be built' : 'it was built, and the registry failed to publish it'}: ${faultOf(cause)}. The operator has to mend that; the next request after ${due} builds it again`,
  )
}

async function settle(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  const state = await ports.index.get(end.key, { consistent: true })
  if (end.status === undefined && isQueued(state, end)) return askAgain(ports, end.key, state)
  const outcome = await settled(ports, end, state)
  // Past its deadline, nobody else tells that it has ended.
  if (end.status === undefined && isOf(state, end)) await ended(ports, placeOf(state))
  return outcome
}

const isOf = (state: ProbeState | undefined, { claim }: BuildEnd): state is Open['state'] =>
  (state?.state === 'building' || state?.state === 'published') && state.id === claim

const isQueued = (state: ProbeState | undefined, end: BuildEnd): state is Open['state'] =>
  isOf(state, end) && waitsForTurn({ key: end.key, state })

/** It waits for its turn, and may have been forgotten on the way: plan looks whether that has come. */
async function askAgain({ index, bus, now }: PublishPorts, key: string, state: Open['state']) {
  await index.queued(key, state.id, now(), now() + QUEUE_MILLISECONDS)
  await bus.emit(eventOf({ key, state }))
  return isTest(state) ? ('testing' as const) : ('queued' as const)
}

async function settled(
  ports: PublishPorts,
  end: BuildEnd,
  state: ProbeState | undefined,
): Promise<PublishOutcome> {
  if (state?.state === 'published' && state.id === end.claim) {
    if (state.test === undefined || end.phase === 'build') return wantPackages(ports, end.key)
    return testEnded(ports, end, { ...state, test: state.test })
  }
  if (state?.state !== 'building' || state.id !== end.claim) return 'claim-lost'
  if (state.phase !== 'load-test') return publishBuilt(ports, end.key, state, await lookOf(ports, end, state))
  // The event of the build came again, after its load test was asked for.
  return end.phase === 'build' ? 'testing' : testEnded(ports, end, { ...state, test: state.test ?? 1 })
}

async function publishBuilt(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  { status, brokeOff }: BuildLook,
): Promise<PublishOutcome> {
  if (brokeOff?.neverBegan === true) return forget(ports, key, claim, brokeOff)
  switch (status) {
    case 'succeeded':
      return publishStaged(ports, key, claim)
    case 'failed':
    case 'unknown':
      return failBuild(ports, key, claim, brokeOff)
    case 'timed-out':
      return failTimedOut(ports, key, claim)
    case 'running':
      await ports.builder.stop(claim.buildId ?? '')
      return failTimedOut(ports, key, claim)
    default:
      return unreachable(status)
  }
}

/**
 * No builder took it: that is no failure of the probe. Whoever waits for it asks for it anew, and comes first; where nobody
 * does, nothing is left of it. A crash before it is forgotten comes by here again.
 */
async function forget(ports: PublishPorts, key: string, claim: Claim, { why }: BrokeOff) {
  const now = ports.now()
  for (const purpose of ['unknown', 'requests'] as const)
    if (claim.caller !== undefined) await giveBack(ports, purpose, claim.caller, claim.id)
  if (claim.caller !== undefined) await giveBackBuild(ports, claim.caller, claim.id)
  const { file, driverVersion } = subjectOfName(nameOf(key))
  const detail = `${file} of driver ${driverVersion}: no builder took it in time. The builder said: ${why || 'nothing'}. The next request asks for it again`
  const held = await ports.index.fail(key, claim.id, {
    ...{ reason: 'no-room', detail, retryAt: now, expiresAt: now },
  })
  ports.log('build forgotten', { key, claim: claim.id })
  return held ? 'failed' : 'claim-lost'
}

/** Its log says how far it came. */
async function failTimedOut(ports: PublishPorts, key: string, claim: Claim): Promise<PublishOutcome> {
  const { log } = await readStaged(ports, claim.id)
  const { timeoutMinutes } = ports.settings.build
  const what = (due: string): string =>
    `its build did not end within ${timeoutMinutes} minutes and was stopped; the next request after ${due} builds it again. It said last:\n${lastLines(log)}`
  return fail(ports, key, claim, 'build-timeout', what, log)
}

/** As its end was told, or as its builder tells it. A claim without a build never got beyond its plan. */
async function lookOf(
  { builder }: PublishPorts,
  { status, brokeOff }: BuildEnd,
  { buildId }: Pick<Claim, 'buildId'>,
): Promise<BuildLook> {
  if (status !== undefined) return { status, ...(brokeOff === undefined ? {} : { brokeOff }) }
  return buildId === undefined ? { status: 'unknown' } : builder.look(buildId)
}

/**
 * `required`: the load test comes first, and what it leaves is published at its end. A crash after the test is asked for
 * leaves the claim in a test that never began: the sweep asks for the next one.
 */
async function publishStaged(ports: PublishPorts, key: string, claim: Claim): Promise<PublishOutcome> {
  const staged = await readStaged(ports, claim.id)
  const refusal = verifyStaged(ports.settings, key, staged)
  if (refusal !== undefined) return fail(ports, key, claim, refusal.reason, refusal.what, staged.log)
  const { plan, probe } = staged as Whole
  const { mode } = ports.settings.loadTest
  const test = mode === 'off' || plan.loadTest === undefined ? undefined : firstTest(ports)
  if (mode === 'required' && test !== undefined) return askForTest(ports, key, claim, test, measured(probe))
  const untested = mode === 'off' || test !== undefined ? undefined : loadTestOf(NO_IMAGE)
  const held = await publishWhole(ports, key, claim, staged as Whole, { loadTest: untested, test })
  // After the probe, which it does not hold up. A crash before it leaves a test that never began.
  if (held && test !== undefined) await emitTest(ports, key, claim, test, measured(probe))
  return held ? 'published' : 'claim-lost'
}

/** Load tests of one probe: what broke off twice by accident ends at the third. */
const MAX_TESTS = 3

/** What a load test takes longer to begin has been lost on its way. */
const testAt = ({ now }: PublishPorts, test: number): Testing => ({
  test,
  deadline: now() + PLAN_MILLISECONDS,
})
const firstTest = (ports: PublishPorts): Testing => testAt(ports, 1)

const measured = (probe: Uint8Array): Measured => ({ sha256: sha256(probe), bytes: probe.length })

/** By one caller only: whoever comes later finds it asked for. A crash before the event leaves a test that never began. */
async function askForTest(
  ports: PublishPorts,
  key: string,
  claim: Pick<Claim, 'id'>,
  testing: Omit<Testing, 'probe'>,
  probe: Measured,
): Promise<PublishOutcome> {
  const test = { ...testing, probe }
  if (await ports.index.testing(key, claim.id, test)) await emitTest(ports, key, claim, test, probe)
  return 'testing'
}

const emitTest = (
  { bus }: PublishPorts,
  key: string,
  { id: claim }: Pick<Claim, 'id'>,
  { test }: Testing,
  { sha256, bytes }: Measured,
) => bus.emit({ type: 'LoadTestRequested', key, claim, test, sha256, bytes })

/** A probe in its load test: under `required` before it is published, under `recorded` after that. */
type InTest = Extract<ProbeState, { state: 'building' | 'published' }> & { readonly test: number }

/** A load test ended, or its time is over. What is known settles the probe; what broke off is tried again. */
async function testEnded(ports: PublishPorts, end: BuildEnd, state: InTest): Promise<PublishOutcome> {
  const { key } = end
  // An earlier test, whose end comes late or again.
  if (end.test !== undefined && end.test !== state.test) return 'testing'
  const look = await lookOf(ports, end, state)
  if (look.status === 'running') await ports.builder.stop(state.buildId ?? '')
  const probe = await testedProbe(ports, state)
  const tested = await readLoadTest(ports, state.id, state.test, probe.sha256)
  const spared = (state.spared ?? 0) + (await spareUnbegun(ports, key, look, state))
  if (!tested.known && state.test < MAX_TESTS + spared)
    return askForTest(ports, key, state, testAt(ports, state.test + 1), probe)
  return state.state === 'published'
    ? addVerdict(ports, key, state, tested)
    : settleTested(ports, key, state, tested)
}

/** A test that no builder took counts as none. A crash after it counts one too few. */
async function spareUnbegun(
  { index }: PublishPorts,
  key: string,
  { brokeOff }: BuildLook,
  { id: claim, test }: InTest,
): Promise<number> {
  if (brokeOff?.neverBegan !== true) return 0
  return (await index.spare(key, claim, { test })) ? 1 : 0
}

async function testedProbe(ports: PublishPorts, state: InTest): Promise<Measured> {
  if (state.state === 'published') return { sha256: state.sha256, bytes: state.bytes }
  const { probe = new Uint8Array() } = await readStaged(ports, state.id)
  return measured(probe)
}

/** Under `required`: what its own kernel did not take, or nobody could try, is never published. */
async function settleTested(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  { known, verdict, log }: Tested,
): Promise<PublishOutcome> {
  if (verdict.verdict === 'failed')
    return fail(
      ports,
      key,
      claim,
      'load-test',
      `its own kernel does not load it.\n${tellVerdict(verdict)}`,
      log,
    )
  const staged = await readStaged(ports, claim.id)
  if (!known)
    return fail(ports, key, claim, 'build-broken', (due) => untested(verdict.reason, due), staged.log)
  const refusal = verifyStaged(ports.settings, key, staged)
  if (refusal !== undefined) return fail(ports, key, claim, refusal.reason, refusal.what, staged.log)
  const held = await publishWhole(ports, key, claim, staged as Whole, { loadTest: loadTestOf(verdict) })
  return held ? 'published' : 'claim-lost'
}

const untested = (why: string, due: string): string =>
  `it was built, and its load test broke off ${MAX_TESTS} times: ${why}. The operator has to mend that; the next request after ${due} builds it again`

/** Under `recorded`, once: the first verdict stays. */
async function addVerdict(
  ports: PublishPorts,
  key: string,
  { id: claim }: InTest,
  { known, verdict }: Tested,
): Promise<PublishOutcome> {
  const loadTest = loadTestOf(verdict)
  const told = known
    ? loadTest
    : { ...loadTest, reason: `the load test broke off ${MAX_TESTS} times: ${verdict.reason}` }
  const added = await ports.index.verdict(key, claim, told)
  if (added) ports.log('load test', { key, claim, verdict: told.verdict, reason: told.reason })
  return 'tested'
}

/** What is known of its load test, or which one is to come. */
interface OfTest {
  readonly loadTest?: LoadTest | undefined
  readonly test?: Testing | undefined
}

async function publishWhole(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  staged: Whole,
  { loadTest, test }: OfTest,
): Promise<boolean> {
  const publication = await storeProbe(ports, probeOf(key), key, staged)
  // The index last: a crash before this line leaves objects that nobody is sent to, and an open claim; the
  // event or the sweep comes again and finds the same objects under the same keys.
  const tested = loadTest === undefined ? publication : { ...publication, loadTest }
  const held = await ports.index.publish(key, claim.id, tested, test)
  const seconds = Math.max(0, Math.round((ports.now() - claim.claimedAt) / 1000))
  const { sha256, bytes } = publication
  // Counted by this word: the event and the sweep may come by at the same moment, and only one of them has published it.
  ports.log(held ? 'published' : 'published before', { key, claim: claim.id, sha256, bytes, seconds })
  await keepTree(ports, claim.id, staged)
  if (held) await wantPackages(ports, key)
  return held
}

/** After the index. A crash before it is mended by the same end of the build, which comes again and finds it published. */
async function wantPackages({ bus }: PublishPorts, key: string): Promise<'published'> {
  await bus.emit({ type: 'PackagesWanted', key })
  return 'published'
}
