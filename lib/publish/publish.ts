// A build ended: verify, sign, store and, last of all, tell the index. Or say why not.

import { lastLines } from '../build/failure.ts'
import { readFault } from '../build/faults.ts'
import { loadTestOf, tellVerdict } from '../build/verdict.ts'
import { sha256 } from '../model/digest.ts'
import { unreachable } from '../model/errors.ts'
import { faultOf } from '../model/fault.ts'
import { loadTestKeys } from '../model/keys.ts'
import type { Builder, BuildStatus, Bus, Index, Log, Phase, Store, Trees } from '../model/ports.ts'
import type { Claim, LoadTest, Publication } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { probeOf } from '../names/grammar.ts'
import { type ArtifactPorts, storeProbe } from './artifacts.ts'
import { type BrokeOff, type FailPorts, fail, failBuild } from './fail.ts'
import { keepTree, readLoadTest, readStaged, verifyStaged, type Whole } from './staged.ts'

export interface PublishPorts extends ArtifactPorts, FailPorts {
  readonly index: Pick<Index, 'get' | 'publish' | 'verdict' | 'fail'>
  readonly staging: Pick<Store, 'get'>
  readonly artifacts: Pick<Store, 'create'>
  readonly trees: Pick<Trees, 'keep'>
  readonly builder: Pick<Builder, 'status' | 'stop'>
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
  /** of a build that failed */
  readonly brokeOff?: BrokeOff
}

/** `tested`: the verdict is known. `testing`: it will be. */
export type PublishOutcome = 'published' | 'failed' | 'testing' | 'tested' | 'claim-lost'

/**
 * Every step may be repeated, in any order with other calls for the same probe: objects are created under
 * keys that hold their digest, and the index accepts only the holder of the claim. What fails is thrown, and the event
 * comes again; past the deadline of its claim it fails the claim, so that the probe's own URL says why.
 */
export async function publish(ports: PublishPorts, end: BuildEnd): Promise<PublishOutcome> {
  try {
    return await settle(ports, end)
  } catch (error) {
    if (end.status === undefined) await giveUp(ports, end, error)
    throw error
  }
}

/** Only a claim that is still open is failed: a verdict that could not be added takes nothing from what is published. */
async function giveUp(ports: PublishPorts, { key, claim }: BuildEnd, cause: unknown): Promise<void> {
  const state = await ports.index.get(key, { consistent: true })
  if (state?.state !== 'building' || state.claim !== claim) return
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
  if (state?.state === 'published' && state.claim === end.claim)
    return end.phase === 'load-test' ? addVerdict(ports, end, state) : 'published'
  if (state?.state !== 'building' || state.claim !== end.claim) return 'claim-lost'
  const status = end.status ?? (await overdueStatus(ports, state))
  if ((end.phase ?? state.phase) === 'load-test') return publishTested(ports, end.key, state, status)
  // The event of the build came again, after its load test was started.
  if (state.phase === 'load-test') return 'testing'
  return publishBuilt(ports, end, state, status)
}

async function publishBuilt(
  ports: PublishPorts,
  { key, status: told, brokeOff }: BuildEnd,
  claim: Claim,
  status: BuildStatus,
): Promise<PublishOutcome> {
  switch (status) {
    case 'succeeded':
      return publishStaged(ports, key, claim, told === undefined)
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

/** Its log says how far it came. */
async function failTimedOut(ports: PublishPorts, key: string, claim: Claim): Promise<PublishOutcome> {
  const { log } = await readStaged(ports, claim.claim)
  const { timeoutMinutes } = ports.settings.build
  const what = (due: string): string =>
    `its build did not end within ${timeoutMinutes} minutes and was stopped; the next request after ${due} builds it again. It said last:\n${lastLines(log)}`
  return fail(ports, key, claim, 'build-timeout', what, log)
}

/** A claim without a build never got beyond its plan. */
const overdueStatus = async ({ builder }: PublishPorts, { buildId }: Claim): Promise<BuildStatus> =>
  buildId === undefined ? 'unknown' : builder.status(buildId)

/**
 * `required`: the load test comes first, and what it leaves is published at its end. A crash after the event is asked
 * for leaves the claim; the same event again, or the sweep, asks for the same test, unless that broke off before.
 */
async function publishStaged(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  overdue: boolean,
): Promise<PublishOutcome> {
  const staged = await readStaged(ports, claim.claim)
  const refusal = verifyStaged(ports.settings, key, staged)
  if (refusal !== undefined) return fail(ports, key, claim, refusal.reason, refusal.what, staged.log)
  const { plan, probe } = staged as Whole
  const { mode } = ports.settings.loadTest
  if (mode === 'required' && plan.loadTest !== undefined) {
    const fault = overdue ? await readFault(ports.staging, loadTestKeys(claim.claim).fault) : undefined
    if (fault !== undefined) return failUntested(ports, key, claim, fault, staged.log)
    await requestLoadTest(ports, key, claim, probe)
    return 'testing'
  }
  const untested = mode === 'off' || plan.loadTest !== undefined ? undefined : NO_IMAGE
  const held = await publishWhole(ports, key, claim, staged as Whole, untested)
  // After the probe, which it does not hold up. A crash before it leaves a probe without a verdict.
  if (held && mode === 'recorded' && plan.loadTest !== undefined)
    await requestLoadTest(ports, key, claim, probe)
  return held ? 'published' : 'claim-lost'
}

const failUntested = (
  ports: PublishPorts,
  key: string,
  claim: Claim,
  fault: string,
  log: Uint8Array | undefined,
): Promise<PublishOutcome> =>
  fail(
    ports,
    key,
    claim,
    'build-broken',
    (due) =>
      `it was built, and its load test could not be started: ${fault}. The operator has to mend that; the next request after ${due} builds it again`,
    log,
  )

const NO_IMAGE: LoadTest = {
  verdict: 'unavailable',
  reason: 'there is no image of this kernel',
  checked: [],
  lines: [],
}

const requestLoadTest = (ports: PublishPorts, key: string, { claim }: Claim, probe: Uint8Array) =>
  ports.bus.emit({ type: 'LoadTestRequested', key, claim, sha256: sha256(probe), bytes: probe.length })

/** Under `required`, at the end of the load test: what its own kernel did not take is never published. */
async function publishTested(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  status: BuildStatus,
): Promise<PublishOutcome> {
  if (status === 'running') await ports.builder.stop(claim.buildId ?? '')
  const staged = await readStaged(ports, claim.claim)
  const { verdict, log } = await readLoadTest(ports, claim.claim, sha256(staged.probe ?? new Uint8Array()))
  if (verdict.verdict === 'failed')
    return fail(
      ports,
      key,
      claim,
      'load-test',
      `its own kernel does not load it.\n${tellVerdict(verdict)}`,
      log,
    )
  const refusal = verifyStaged(ports.settings, key, staged)
  if (refusal !== undefined) return fail(ports, key, claim, refusal.reason, refusal.what, staged.log)
  const held = await publishWhole(ports, key, claim, staged as Whole, loadTestOf(verdict))
  return held ? 'published' : 'claim-lost'
}

/** Under `recorded`, once: the first verdict stays. */
async function addVerdict(
  ports: PublishPorts,
  { key, claim }: BuildEnd,
  { sha256: digest }: Publication,
): Promise<PublishOutcome> {
  const { verdict } = await readLoadTest(ports, claim, digest)
  const added = await ports.index.verdict(key, claim, loadTestOf(verdict))
  if (added) ports.log('load test', { key, claim, verdict: verdict.verdict, reason: verdict.reason })
  return 'tested'
}

async function publishWhole(
  ports: PublishPorts,
  key: string,
  claim: Claim,
  staged: Whole,
  loadTest: LoadTest | undefined,
): Promise<boolean> {
  const publication = await storeProbe(ports, probeOf(key), key, staged)
  // The index last: a crash before this line leaves objects that nobody is sent to, and an open claim; the
  // event or the sweep comes again and finds the same objects under the same keys.
  const tested = loadTest === undefined ? publication : { ...publication, loadTest }
  const held = await ports.index.publish(key, claim.claim, tested)
  ports.log('published', { key, claim: claim.claim, sha256: publication.sha256, bytes: publication.bytes })
  await keepTree(ports, claim.claim, staged)
  return held
}
