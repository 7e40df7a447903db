// A plan is made: what goes into the build is decided, put in place, written down once, and the build is started.

import type { KernelPlan } from '../kernels/planner.ts'
import { sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { inputKey, stagingKeys } from '../model/keys.ts'
import type { Budgets, Builder, Clock, Index, Log, Phase, Presigner, Store, Trees } from '../model/ports.ts'
import type { Arch, Kind, Package, PackageFormat, Probe, ProbeRoot, Source } from '../model/probe.ts'
import type { DriverVersions, Settings } from '../model/settings.ts'
import { fileOf, probeOf } from '../names/grammar.ts'
import { payBuild } from '../serve/spending.ts'
import { formatJob, type Job, type JobInput } from './job.ts'
import { type BuildOrderRecord, type BuildPlan, decodeOrder, encodeOrder, MAX_ORDER } from './order.ts'
import type { BuildRoot } from './roots/build-root.ts'
import type { Wanted } from './roots/choose.ts'
import type { RootRecord } from './roots/records.ts'
import { type Input, sourceOf, type TreeInputs, treeIdIn, treeOf } from './tree.ts'

/** A driver source that lies in the inputs bucket. */
export interface DriverInput {
  readonly source: Source
  readonly format: PackageFormat
  readonly bytes: number
  readonly recipe: DriverVersions['recipe']
}

export interface StartBuildPorts {
  readonly index: Pick<Index, 'started'>
  readonly budgets: Budgets
  readonly builder: Pick<Builder, 'start'>
  readonly staging: Store
  readonly stagingUrls: Presigner
  readonly inputUrls: Presigner
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
  /** The driver source. ProbeError `driver-source-not-found`, `digest-mismatch`, ... */
  readonly driver: (probe: Probe) => Promise<DriverInput>
  /** What it is compiled in. ProbeError `headers-not-found`, `root-missing`, ... */
  readonly root: (arch: Arch, kind: Kind, wanted: Wanted) => Promise<BuildRoot>
  /** What its steps run in. ProbeError as `root`. */
  readonly stepsRoot: (arch: Arch, phase: Phase) => Promise<RootRecord>
  readonly rootUrls: Presigner
  readonly trees: Pick<Trees, 'find'>
  /** Brings a package into the inputs bucket, checked against its digest. */
  readonly ensureInput: (pkg: Package) => Promise<unknown>
}

export interface PlanRequest {
  readonly key: string
  readonly claim: string
  readonly attempt: number
  /** who pays for it */
  readonly caller: string
}

/** Minutes that a build may wait for a machine and be late with its end. */
const QUEUE_MINUTES = 6

/** What of a plan only the job needs. */
interface Decision {
  readonly plan: BuildPlan
  readonly kernel: Pick<Job['settings'], 'KERNEL' | 'TREE'>
  readonly root: BuildRoot
  readonly steps: RootRecord
  readonly inputs: readonly Input[]
}

async function decide(
  ports: StartBuildPorts,
  { key, claim, attempt }: Omit<PlanRequest, 'caller'>,
  kernel: KernelPlan,
  submitted: BuildPlan['submitted'],
): Promise<Decision> {
  const { arch, kind } = probeOf(key)
  const [root, steps] = await Promise.all([
    ports.root(arch, kind, { command: kernel.compiler, text: kernel.compilerText }),
    ports.stepsRoot(arch, 'build'),
  ])
  const tree = await treeIn(ports, kernel, root)
  const [driver] = await Promise.all([ports.driver(probeOf(key)), ...tree.packages.map(ports.ensureInput)])
  const plan: BuildPlan = {
    key,
    claim,
    attempt,
    unameRelease: kernel.unameRelease,
    compiler: root.compiler,
    root: rootOf(root),
    recipe: driver.recipe,
    driverSource: driver.source,
    headers: tree.sources,
    ...(submitted === undefined ? {} : { submitted }),
    ...(tree.makes === undefined ? {} : { treeId: tree.makes }),
    ...loadTestOf(kernel, ports.settings),
  }
  const { format, bytes, source } = driver
  const inputs = [...tree.inputs, { role: 'driver' as const, format, sha256: source.sha256, bytes }]
  return { plan, kernel: tree.kernel, root, steps, inputs }
}

const rootOf = ({ record: { id, digest, suite }, match }: BuildRoot): ProbeRoot => ({
  id,
  digest,
  suite,
  match,
})

/** A tree of source and config is made in the root, so it belongs to that root alone. */
async function treeIn(
  { trees }: Pick<StartBuildPorts, 'trees'>,
  kernel: KernelPlan,
  root: BuildRoot,
): Promise<TreeInputs> {
  const makes = kernel.tag === 'source' ? treeIdIn(kernel.treeId, root) : ''
  return treeOf(kernel, { makes, prepared: makes === '' ? undefined : await trees.find(makes) })
}

/** Only what is looked at later is written down: a package of the lists has more fields. */
function loadTestOf({ image, unameRelease }: KernelPlan, settings: Settings): Pick<BuildPlan, 'loadTest'> {
  if (image === undefined || settings.loadTest.mode === 'off') return {}
  const { bytes, format } = image
  return { loadTest: { unameRelease, image: { ...sourceOf(image), bytes, format } } }
}

/** ProbeError `budget-spent`, `share-spent`. */
async function pay(ports: StartBuildPorts, { caller, claim }: PlanRequest): Promise<void> {
  const { buildsPerDay } = ports.settings.budgets
  switch (await payBuild(ports, caller, claim)) {
    case 'paid':
      return
    case 'spent':
      throw new ProbeError(
        'budget-spent',
        `all ${buildsPerDay} builds of today are spent; published probes are still served`,
      )
    case 'share-spent':
      throw new ProbeError(
        'share-spent',
        "what is left of today's builds is kept for callers that had fewer than the one who asked",
      )
  }
}

/**
 * Resolves to whether the claim is still held. `submitted`: what a host submitted of the kernel. Runs again from the
 * start without harm: see `plan`. ProbeError `budget-spent` when no more builds may be started today, `share-spent` when
 * none for this caller, and those of its ports.
 */
export async function startBuild(
  ports: StartBuildPorts,
  request: PlanRequest,
  kernel: KernelPlan,
  submitted?: BuildPlan['submitted'],
): Promise<boolean> {
  const decision = await decide(ports, request, kernel, submitted)
  const { key, claim } = request
  const now = ports.now()
  await pay(ports, request)
  const keys = stagingKeys(claim)
  const { plan, job, jobUrl, stepsRoot } = await orderOnce(ports, decision)
  const body = new TextEncoder().encode(job)
  // A crash in these writes leaves staging objects of this claim, which the same event finds again, or which expire.
  await create(ports.staging, keys.job, body, 'text/plain')
  await create(ports.staging, keys.log, new TextEncoder().encode(opening(plan)), 'text/plain')
  const told = { jobUrl, jobSha256: sha256(body), stepsRoot }
  const order = { phase: 'build' as const, key, probe: probeOf(key), claim, ...told }
  const buildId = await ports.builder.start(order)
  // A crash here leaves a build that the index does not know: its end is told by an event with the claim,
  // and the same event again finds the same build by its token.
  const deadline = now + jobSeconds(ports.settings) * 1000
  const held = await ports.index.started(key, claim, { buildId, deadline })
  ports.log('build started', { key, claim, buildId, unameRelease: plan.unameRelease })
  return held
}

/** Signed URLs differ from try to try: the first try's are kept, or its build could not be found by its token. */
async function orderOnce(ports: StartBuildPorts, decision: Decision): Promise<BuildOrderRecord> {
  const keys = stagingKeys(decision.plan.claim)
  const job = formatJob(await jobOf(ports, decision))
  const jobUrl = await ports.stagingUrls.get(keys.job, { expiresSeconds: jobSeconds(ports.settings) })
  const order = { plan: decision.plan, job, jobUrl, stepsRoot: decision.steps.digest }
  if ((await create(ports.staging, keys.plan, encodeOrder(order), 'application/json')) === 'created')
    return order
  const first = await ports.staging.get(keys.plan, MAX_ORDER)
  return first === undefined ? order : decodeOrder(first)
}

const jobSeconds = ({ build }: Settings): number => (build.timeoutMinutes + QUEUE_MINUTES) * 60

async function jobOf(ports: StartBuildPorts, { plan, kernel, root, steps, inputs }: Decision): Promise<Job> {
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
      ...kernel,
      ROOT: root.record.digest,
      COMPILER: root.compiler,
      CLANG: root.clang ?? '-',
      MAX_PROBE_BYTES: String(ports.settings.build.maxProbeBytes),
      COMPILE_SECONDS: String((ports.settings.build.timeoutMinutes - 2) * 60),
    },
    inputs: [
      await rootInput(ports, 'steps', steps, expires),
      await rootInput(ports, 'root', root.record, expires),
      ...(await Promise.all(
        inputs.map(async (i) => ({ ...i, url: await ports.inputUrls.get(inputKey(i.sha256), expires) })),
      )),
    ],
    outputs: {
      probe: await ports.stagingUrls.put(keys.probe, expires),
      log: await ports.stagingUrls.put(keys.log, expires),
      manifest: await ports.stagingUrls.put(keys.manifest, expires),
      ...(plan.treeId === undefined ? {} : { prepared: await ports.stagingUrls.put(keys.prepared, expires) }),
    },
  }
}

/** The archive of a root. */
export async function rootInput<Role extends string>(
  { rootUrls }: Pick<StartBuildPorts, 'rootUrls'>,
  role: Role,
  { sha256: digest, bytes }: RootRecord,
  expires: { readonly expiresSeconds: number },
): Promise<JobInput<Role>> {
  return { role, format: 'tar.gz', sha256: digest, bytes, url: await rootUrls.get(inputKey(digest), expires) }
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
