// Plans a requested probe: finds its kernel and sources, and starts its build.

import { isFirstFault } from '../build/faults.ts'
import { type PlanRequest, type StartBuildPorts, type Started, startBuild } from '../build/start.ts'
import { giveTurns } from '../build/turn.ts'
import { type ErrorCode, isProbeError, ProbeError, unreachable } from '../model/errors.ts'
import { faultOf } from '../model/fault.ts'
import { probeOfRecord, recordId } from '../model/kernel.ts'
import { stagingKeys } from '../model/keys.ts'
import type { Index, Open } from '../model/ports.ts'
import { type Claim, FAILURE_REASONS, type FailureReason, type Probe } from '../model/probe.ts'
import {
  forgottenAt,
  isRecent,
  PATIENCE_MILLISECONDS,
  PLAN_MILLISECONDS,
  QUEUE_MILLISECONDS,
  RESUBMIT_MILLISECONDS,
  retryAt,
  UNSETTLED_MILLISECONDS,
} from '../model/retry.ts'
import { asSubmitted, orSubmit, sentence } from '../model/way-out.ts'
import { type ConfigHashName, keyOf, nameOf } from '../names/grammar.ts'
import { subjectOfName } from '../names/subject.ts'
import { giveBack, giveBackBuild } from '../serve/spending.ts'
import { distributionsOwn, type KernelOfPorts, kernelOf } from './kernel-of.ts'

export interface PlanPorts extends StartBuildPorts, KernelOfPorts {
  readonly index: Pick<
    Index,
    'get' | 'claim' | 'planned' | 'queued' | 'open' | 'spare' | 'started' | 'alias' | 'fail'
  >
}

type PlanOutcome = Started | 'alias' | 'failed' | 'forgotten'

/** A request with its claim at the start of the plan. */
type Planned = PlanRequest & { readonly state: Claim }

/**
 * Safe to repeat: inputs are content-addressed, staging keys belong to the claim, budgets count a claim once,
 * and the claim is the build's token. A ProbeError fails the claim. The first unexpected error is thrown
 * again, so that the event is repeated; the second one fails the claim, so that its URL reports it. Refunds
 * the price of an unknown name when its kernel is found. Plans a queued build again at its turn, because its
 * sources may have changed.
 */
export async function plan(ports: PlanPorts, asked: PlanRequest): Promise<PlanOutcome> {
  const { key, claim } = asked
  const state = await ports.index.planned(key, claim, ports.now())
  if (state === undefined) {
    await leavePlace(ports, claim)
    return 'claim-lost'
  }
  const request = { ...asked, state }
  // An earlier plan may have crashed right after it started the build.
  if (state.buildId !== undefined) return known(ports, request, 'started')
  const turn = state.queuedAt === undefined ? 'come' : await turnOf(ports, request)
  if (turn !== 'come') return turn
  try {
    const name = nameOf(key)
    return name.tag === 'config-hash'
      ? await makeAlias(ports, request, await identify(ports, name))
      : await planProbe(ports, request, name.probe)
  } catch (error) {
    if (isProbeError(error)) return failPlan(ports, request, error)
    if (await isFirstFault(ports.staging, stagingKeys(request.claim).fault, error)) throw error
    return failPlan(ports, request, unforeseen(request, error))
  }
}

const openOf = ({ key, state }: Planned): Open => ({ key, state: { ...state, state: 'building' } })

async function turnOf(ports: PlanPorts, request: Planned): Promise<'come' | 'queued' | 'forgotten'> {
  if (!(await stillQueued(ports, request))) return 'forgotten'
  if (await giveTurns(ports, openOf(request))) return 'come'
  ports.log('build queued', { key: request.key, claim: request.claim })
  return 'queued'
}

/**
 * Keeps the build's place in the queue. If the last client stopped waiting long ago, refunds and
 * forgets the build. After a crash in between, the next event repeats this.
 */
async function stillQueued(ports: PlanPorts, { key, claim, caller, state }: Planned): Promise<boolean> {
  const now = ports.now()
  if (isRecent(state.waitedAt ?? state.claimedAt, now, PATIENCE_MILLISECONDS))
    return ports.index.queued(key, claim, now, now + QUEUE_MILLISECONDS)
  await giveBack(ports, 'requests', { caller, claim })
  await ports.index.fail(key, claim, { ...UNSERVED, retryAt: now, expiresAt: now })
  ports.log('build forgotten', { key, claim })
  await leavePlace(ports, claim)
  return false
}

/** If the claim has a place, releases it to the next build in the queue. */
async function leavePlace(ports: PlanPorts, claim: string): Promise<void> {
  if (await ports.places.release({ claim })) await giveTurns(ports)
}

const UNSERVED = {
  reason: 'no-room',
  detail: 'no builder was free for it while somebody waited; the next request asks for it again',
} as const

const unforeseen = ({ key }: PlanRequest, cause: unknown): ProbeError => {
  const { file, driverVersion } = subjectOfName(nameOf(key))
  return new ProbeError(
    'misconfigured',
    `${file} of driver ${driverVersion}: the registry failed before it could be built: ${faultOf(cause)}. The log of the function plan has more for the operator`,
    { cause },
  )
}

/** Refunds the price of an unknown name, because its kernel was found. */
async function known(ports: PlanPorts, request: PlanRequest, outcome: Started): Promise<Started> {
  await giveBack(ports, 'unknown', request)
  return outcome
}

async function planProbe(ports: PlanPorts, request: Planned, probe: Probe): Promise<PlanOutcome> {
  const found = await kernelOf(ports, probe)
  switch (found.tag) {
    case 'older-name':
      return makeAlias(ports, request, found.of)
    case 'distributions-own':
      return planOwn(ports, request, found.of)
    case 'kernel':
      return known(ports, request, await startBuild(ports, request, found.kernel, found.submission))
    default:
      return unreachable(found)
  }
}

/**
 * Claims and plans the canonical probe with the same claim id, because the submitting host waits for it.
 * After a crash before the alias is written, the same event repeats both. After a later crash, the canonical
 * claim stays open until its deadline, and then the sweep frees it.
 */
async function planOwn(ports: PlanPorts, request: PlanRequest, own: Probe): Promise<PlanOutcome> {
  const { claim, caller } = request
  const key = keyOf(own)
  const claimedAt = ports.now()
  const deadline = claimedAt + PLAN_MILLISECONDS
  const expiresAt = deadline + UNSETTLED_MILLISECONDS
  const attempt = await ports.index.claim(key, { id: claim, claimedAt, deadline, caller, expiresAt })
  const outcome = await makeAlias(ports, request, own)
  await plan(ports, { key, claim, attempt: attempt ?? request.attempt, caller })
  return outcome
}

/** Looks for a distribution's own kernel first, because no submission may replace it. */
async function identify(ports: PlanPorts, name: ConfigHashName): Promise<Probe> {
  const own = await distributionsOwn(ports, name)
  if (own !== undefined) return own
  const record = await ports.kernels.recorded(recordId(name) ?? '')
  if (record !== undefined) return probeOfRecord(record, name)
  throw new ProbeError(
    'headers-not-found',
    `no kernel ${name.unameRelease} whose config has the md5 ${name.configMd5} is in a distribution's archive or was submitted`,
  )
}

/**
 * Redirects waiting clients to the current name of the kernel: an older name is not built. If the current
 * name is published, refunds the request. Refunds before it writes the alias, so that after a crash the same
 * event repeats both.
 */
async function makeAlias(ports: PlanPorts, request: PlanRequest, probe: Probe): Promise<PlanOutcome> {
  const { key, claim } = request
  const of = keyOf(probe)
  await giveBack(ports, 'unknown', request)
  const own = await ports.index.get(of, { consistent: true })
  if (own?.state === 'published') await giveBack(ports, 'requests', request)
  const held = await ports.index.alias(key, claim, of)
  ports.log('alias', { key, claim, of })
  return held ? 'alias' : 'claim-lost'
}

/** Records the failure. It expires, because no build was started. */
async function failPlan(ports: PlanPorts, request: PlanRequest, error: ProbeError): Promise<PlanOutcome> {
  const { key, claim, attempt } = request
  const now = ports.now()
  const reason = reasonOf(error)
  if (!OF_NOTHING.includes(reason)) await giveBack(ports, 'unknown', request)
  if (reason === 'no-room') {
    // Refunds the request and the build, because a later request pays again.
    await giveBack(ports, 'requests', request)
    await giveBackBuild(ports, request)
  }
  const due = dueOf(error, reason, attempt, now)
  const failed = await ports.index.fail(key, claim, {
    reason,
    detail: withNextStep(key, error, reason, due),
    retryAt: due,
    expiresAt: forgottenAt(reason, due, now),
  })
  ports.log('plan failed', { key, claim, reason, detail: error.message })
  await leavePlace(ports, claim)
  return failed ? 'failed' : 'claim-lost'
}

/**
 * When a request may try again. If only this caller's share is spent, other callers may try at once. If the
 * config is unknown, a new submission is built soon, but only after waiting clients have seen the failure.
 */
function dueOf({ code }: ProbeError, reason: FailureReason, attempt: number, now: number): number {
  if (code === 'share-spent') return now
  return code === 'unknown-config' ? now + RESUBMIT_MILLISECONDS : retryAt(reason, attempt, now)
}

/** Adds the next step to the message. For a submitted kernel, this is never a second submission. */
function withNextStep(key: string, error: ProbeError, reason: FailureReason, due: number): string {
  const submitted = key.startsWith('config/')
  const message = submitted ? asSubmitted(error.message) : error.message
  switch (reason) {
    case 'mirror-unreachable':
      return undecided(key, message, due)
    case 'no-room':
      return `${sentence(message)} Published probes are served; ask again in half a minute`
    case 'headers-not-found':
      return submitted ? message : orSubmit(message)
    case 'driver-source-not-found':
      return `${sentence(message)} Use a driver version that GET /v1/driver-versions lists`
    case 'plan-error':
      if (message.includes('tried again')) return message
      return `${sentence(message)} Ask again after ${new Date(due).toISOString()}: it is tried again then`
    default:
      return message
  }
}

function undecided(key: string, message: string, due: number): string {
  const { file, driverVersion } = subjectOfName(nameOf(key))
  return `${file} of driver ${driverVersion} waits for a mirror: ${message}. A request after ${new Date(due).toISOString()} tries again`
}

/** The name may be forged: its kernel or driver does not exist, at least not yet. */
const OF_NOTHING: readonly FailureReason[] = ['headers-not-found', 'driver-source-not-found']

/** Most codes that have a reason are its name. All others are errors of the plan. */
const reasonOf = ({ code }: ProbeError): FailureReason =>
  REASONS[code] ?? FAILURE_REASONS.find((reason) => reason === code) ?? 'plan-error'

const REASONS: Readonly<Partial<Record<ErrorCode, FailureReason>>> = {
  'unsupported-kernel': 'headers-not-found',
  'unknown-config': 'headers-not-found',
  'share-spent': 'budget-spent',
}
