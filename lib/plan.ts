// A probe was requested: find what it is built from, and start its build.

import { createHash } from 'node:crypto'
import { type BuildOrderRecord, type BuildPlan, decodeOrder, encodeOrder, MAX_ORDER } from './build-plan.ts'
import { inputKey, stagingKeys } from './environment.ts'
import { isProbeError, type ProbeError } from './errors.ts'
import { formatJob, type InputRole, type Job, type JobInput } from './job.ts'
import type { KernelPlan, Package } from './kernels/planner.ts'
import { type ConfigHashName, fileOf, keyOf, nameOf, probeOf } from './names/index.ts'
import type { Budgets, Builder, Clock, Index, Log, Presigner, Store } from './ports.ts'
import type { FailureReason, Probe, Source } from './probe.ts'
import { dayOf, retryAt } from './retry.ts'
import type { DriverVersions, Settings } from './settings.ts'

/** A driver source that lies in the inputs bucket. */
export interface DriverInput {
  readonly source: Source
  readonly format: JobInput['format']
  readonly bytes: number
  readonly recipe: DriverVersions['recipe']
}

export interface PlanPorts {
  readonly index: Pick<Index, 'get' | 'started' | 'alias' | 'fail'>
  readonly budgets: Budgets
  readonly builder: Pick<Builder, 'start'>
  readonly staging: Store
  readonly stagingUrls: Presigner
  readonly inputUrls: Presigner
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
  /** Header packages, compiler and tree. ProbeError `headers-not-found`, `mirror-unreachable`, ... */
  readonly kernel: (probe: Probe) => Promise<KernelPlan>
  /** The probe that a name of 2015 to 2020 means. ProbeError `headers-not-found`, ... */
  readonly identify: (name: ConfigHashName) => Promise<Probe>
  /** The driver source. ProbeError `driver-source-not-found`, `digest-mismatch`, ... */
  readonly driver: (probe: Probe) => Promise<DriverInput>
  /** Brings a package into the inputs bucket, checked against its digest. */
  readonly ensureInput: (pkg: Package) => Promise<unknown>
}

export interface PlanRequest {
  readonly key: string
  readonly claim: string
  readonly attempt: number
}

export type PlanOutcome = 'started' | 'alias' | 'failed' | 'claim-lost'

/** Minutes that a build may wait for a machine and be late with its end. */
const QUEUE_MINUTES = 6

/**
 * Runs again from the start when the event comes twice or a call failed: inputs are content-addressed,
 * staging keys belong to the claim, the budget counts a claim once, and the build's token is the claim.
 * What cannot be mended by trying again now fails the claim; what can is thrown, and the event comes again.
 */
export async function plan(ports: PlanPorts, request: PlanRequest): Promise<PlanOutcome> {
  const state = await ports.index.get(request.key, { consistent: true })
  if (state?.state !== 'building' || state.claim !== request.claim) return 'claim-lost'
  if (state.buildId !== undefined) return 'started'
  try {
    const name = nameOf(request.key)
    if (name.tag === 'config-hash') return await makeAlias(ports, request, await ports.identify(name))
    return await planProbe(ports, request, name.probe)
  } catch (error) {
    if (!isProbeError(error)) throw error
    return failPlan(ports, request, reasonOf(error), error.message)
  }
}

async function planProbe(ports: PlanPorts, request: PlanRequest, probe: Probe): Promise<PlanOutcome> {
  const kernel = await ports.kernel(probe)
  const { kernelRelease } = kernel
  if (kernelRelease !== probe.kernelRelease) return makeAlias(ports, request, { ...probe, kernelRelease })
  return startBuild(ports, request, await decide(ports, request, kernel))
}

/** An older name of a kernel makes no build of its own: whoever waits is sent on to the name of today. */
async function makeAlias(ports: PlanPorts, { key, claim }: PlanRequest, probe: Probe): Promise<PlanOutcome> {
  const of = keyOf(probe)
  const held = await ports.index.alias(key, claim, of)
  ports.log('alias', { key, claim, of })
  return held ? 'alias' : 'claim-lost'
}

interface Decision {
  readonly plan: BuildPlan
  readonly inputs: readonly { role: InputRole; format: JobInput['format']; sha256: string; bytes: number }[]
}

async function decide(
  ports: PlanPorts,
  { key, claim, attempt }: PlanRequest,
  kernel: KernelPlan,
): Promise<Decision> {
  const [driver] = await Promise.all([
    ports.driver(probeOf(key)),
    ...[...kernel.headers, ...kernel.toolchain].map(ports.ensureInput),
  ])
  const plan: BuildPlan = {
    key,
    claim,
    attempt,
    unameRelease: kernel.unameRelease,
    tree: kernel.tree,
    compiler: kernel.compiler,
    recipe: driver.recipe,
    driverSource: driver.source,
    headers: kernel.headers.map(sourceOf),
  }
  const inputs = [
    ...kernel.headers.map((p) => ({ role: 'header' as const, format: 'deb' as const, ...digestOf(p) })),
    { role: 'driver' as const, format: driver.format, sha256: driver.source.sha256, bytes: driver.bytes },
    ...kernel.toolchain.map((p) => ({ role: 'toolchain' as const, format: 'deb' as const, ...digestOf(p) })),
  ]
  return { plan, inputs }
}

const sourceOf = ({ name, version, url, sha256 }: Package): Source => ({ name, version, url, sha256 })
const digestOf = ({ sha256, bytes }: Package) => ({ sha256, bytes })

async function startBuild(ports: PlanPorts, request: PlanRequest, decision: Decision): Promise<PlanOutcome> {
  const { key, claim } = request
  const now = ports.now()
  const limit = ports.settings.budgets.buildsPerDay
  if (!(await ports.budgets.spend(`builds/${dayOf(now)}`, claim, limit))) {
    return failPlan(
      ports,
      request,
      'budget-spent',
      `all ${limit} builds of today are spent; published probes are still served`,
    )
  }
  const keys = stagingKeys(claim)
  const { plan, job, jobUrl } = await orderOnce(ports, decision)
  const body = new TextEncoder().encode(job)
  // A crash in these writes leaves staging objects of this claim, which the same event finds again, or which expire.
  await create(ports.staging, keys.job, body, 'text/plain')
  await create(ports.staging, keys.log, new TextEncoder().encode(opening(plan)), 'text/plain')
  const order = { key, probe: probeOf(key), claim, jobUrl, jobSha256: sha256(body) }
  const buildId = await ports.builder.start(order)
  // A crash here leaves a build that the index does not know: its end is told by an event with the claim,
  // and the same event again finds the same build by its token.
  const deadline = now + jobSeconds(ports.settings) * 1000
  const held = await ports.index.started(key, claim, { buildId, deadline })
  ports.log('build started', { key, claim, buildId, unameRelease: plan.unameRelease })
  return held ? 'started' : 'claim-lost'
}

/** Signed URLs differ from try to try: the first try's are kept, or its build could not be found by its token. */
async function orderOnce(ports: PlanPorts, decision: Decision): Promise<BuildOrderRecord> {
  const keys = stagingKeys(decision.plan.claim)
  const job = formatJob(await jobOf(ports, decision))
  const jobUrl = await ports.stagingUrls.get(keys.job, { expiresSeconds: jobSeconds(ports.settings) })
  const order = { plan: decision.plan, job, jobUrl }
  if ((await create(ports.staging, keys.plan, encodeOrder(order), 'application/json')) === 'created')
    return order
  const first = await ports.staging.get(keys.plan, MAX_ORDER)
  return first === undefined ? order : decodeOrder(first)
}

const jobSeconds = ({ build }: Settings): number => (build.timeoutMinutes + QUEUE_MINUTES) * 60

async function jobOf(ports: PlanPorts, { plan, inputs }: Decision): Promise<Job> {
  const probe = probeOf(plan.key)
  const expires = { expiresSeconds: jobSeconds(ports.settings) }
  const keys = stagingKeys(plan.claim)
  return {
    settings: {
      KIND: probe.kind,
      ARCH: probe.arch,
      DRIVER_NAME: probe.driverName,
      DRIVER_VERSION: probe.driverVersion,
      UNAME_RELEASE: plan.unameRelease,
      RECIPE: plan.recipe,
      KERNEL: 'headers',
      TREE: plan.tree,
      COMPILER: plan.compiler,
      MAX_PROBE_BYTES: String(ports.settings.build.maxProbeBytes),
      COMPILE_SECONDS: String((ports.settings.build.timeoutMinutes - 2) * 60),
    },
    inputs: await Promise.all(
      inputs.map(async (i) => ({ ...i, url: await ports.inputUrls.get(inputKey(i.sha256), expires) })),
    ),
    outputs: {
      probe: await ports.stagingUrls.put(keys.probe, expires),
      log: await ports.stagingUrls.put(keys.log, expires),
      manifest: await ports.stagingUrls.put(keys.manifest, expires),
    },
  }
}

/** First lines of the build log: there is a story to follow before the container has started. */
function opening(plan: BuildPlan): string {
  const sources = [plan.driverSource, ...plan.headers]
  return [
    `${fileOf(probeOf(plan.key))}: build ${plan.attempt} for kernel ${plan.unameRelease} with ${plan.compiler}`,
    ...sources.map((s) => `from ${s.name} ${s.version} sha256:${s.sha256}`),
    'waiting for a builder',
    '',
  ].join('\n')
}

const create = (
  store: Store,
  key: string,
  body: Uint8Array,
  contentType: string,
): Promise<'created' | 'exists'> => store.create(key, body, { contentType, sha256: sha256(body) })

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')

async function failPlan(
  ports: PlanPorts,
  { key, claim, attempt }: PlanRequest,
  reason: FailureReason,
  detail: string,
): Promise<PlanOutcome> {
  const failed = await ports.index.fail(key, claim, {
    reason,
    detail,
    retryAt: retryAt(reason, attempt, ports.now()),
  })
  ports.log('plan failed', { key, claim, reason, detail })
  return failed ? 'failed' : 'claim-lost'
}

function reasonOf({ code }: ProbeError): FailureReason {
  switch (code) {
    case 'headers-not-found':
    case 'unsupported-kernel':
      return 'headers-not-found'
    case 'driver-source-not-found':
      return 'driver-source-not-found'
    default:
      return 'plan-error'
  }
}
