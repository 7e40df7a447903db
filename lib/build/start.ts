// Starts a planned build: makes and stores its definition, pays for it, and calls the builder.

import type { KernelPlan } from '../kernels/planner.ts'
import { sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import type { RegistryEvent } from '../model/events.ts'
import { stagingKeys } from '../model/keys.ts'
import type { Budgets, Builder, Index, Places, Store } from '../model/ports.ts'
import type { Claim } from '../model/probe.ts'
import { fileOf } from '../names/file.ts'
import { probeOf } from '../names/grammar.ts'
import { payBuild } from '../serve/spending.ts'
import { type DecidePorts, decide, jobSeconds, type OrderPorts, orderOf } from './decide.ts'
import { type BuildPlan, decodeOrder, encodeOrder, type OfSubmission } from './order.ts'
import { orderOnce, stage } from './staging.ts'
import { hasTurn, type TurnPorts } from './turn.ts'

export interface StartBuildPorts extends DecidePorts, OrderPorts, TurnPorts {
  readonly index: Pick<Index, 'started' | 'queued' | 'open' | 'spare'>
  readonly places: Places
  readonly budgets: Budgets
  readonly builder: Pick<Builder, 'start' | 'stop'>
  readonly staging: Store
}

export type PlanRequest = Omit<Extract<RegistryEvent, { type: 'ProbeRequested' }>, 'type'>

/** @throws {ProbeError} `budget-spent`, `share-spent`. */
async function pay(ports: StartBuildPorts, request: PlanRequest): Promise<void> {
  const { buildsPerDay } = ports.settings.budgets
  const paid = await payBuild(ports, request)
  if (paid === 'spent')
    throw new ProbeError(
      'budget-spent',
      `all ${buildsPerDay} builds of today are spent; published probes are still served`,
    )
  if (paid === 'share-spent')
    throw new ProbeError(
      'share-spent',
      "what is left of today's builds is kept for callers that had fewer than the one who asked",
    )
}

/** `queued`: the build is planned again when its turn comes. */
export type Started = 'started' | 'queued' | 'claim-lost'

/**
 * Safe to repeat: see `plan`.
 * @throws {ProbeError} `budget-spent`: all builds of today are spent; `share-spent`: this caller gets none of the rest;
 * `no-room`: the builder accepts no build now; and those of its ports.
 */
export async function startBuild(
  ports: StartBuildPorts,
  request: PlanRequest & { readonly state: Claim },
  kernel: KernelPlan,
  submission: OfSubmission = {},
): Promise<Started> {
  const decision = await decide(ports, request, kernel, submission)
  const { key, claim } = request
  const me = { key, state: { ...request.state, state: 'building' as const } }
  if (!(await hasTurn(ports, me, 'build queued', { key, claim }))) return 'queued'
  const now = ports.now()
  await pay(ports, request)
  const keys = stagingKeys(claim)
  const written = encodeOrder(await orderOf(ports, decision))
  const { plan, job, jobUrl, stepsRoot } = decodeOrder(await orderOnce(ports.staging, keys.plan, written))
  // A crash during these writes leaves staging objects of this claim. The repeated event finds them, or they expire.
  await stage(ports.staging, keys.job, job)
  await stage(ports.staging, keys.log, opening(plan))
  const told = { jobUrl, jobSha256: sha256(job), stepsRoot }
  const order = { phase: 'build' as const, key, probe: probeOf(key), claim, ...told }
  const buildId = await ports.builder.start(order)
  if (buildId === undefined)
    throw new ProbeError('no-room', 'every builder that the registry may use is busy with others')
  // A crash here leaves a build that the index does not know. The event of its end contains the claim, and the repeated event
  // of the plan finds the build by its token.
  const deadline = now + jobSeconds(ports.settings) * 1000
  const held = await ports.index.started(key, claim, { buildId, deadline })
  ports.log('build started', { key, claim, buildId, unameRelease: plan.unameRelease })
  return held ? 'started' : 'claim-lost'
}

/** First lines of the build log, which show until the container starts. */
function opening(plan: BuildPlan): string {
  const sources = [plan.driverSource, ...plan.headers]
  return [
    `${fileOf(probeOf(plan.key))}: build ${plan.attempt} for kernel ${plan.unameRelease} with ${plan.compiler}`,
    ...sources.map((s) => `from ${s.name} ${s.version} sha256:${s.sha256}`),
    'waiting for a builder',
    '',
  ].join('\n')
}
