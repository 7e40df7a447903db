// Makes the build definition of a probe: its plan and the builder's job document. Copies the inputs into the bucket.

import type { KernelPlan } from '../kernels/planner.ts'
import type { Stored } from '../model/digest.ts'
import { inputKey, stagingKeys, treeKey } from '../model/keys.ts'
import type { BuildCache, Phase, Presigner } from '../model/ports.ts'
import type { Arch, KernelImage, Kind, PackageFormat, Probe, Source } from '../model/probe.ts'
import type { DriverVersions, Settings } from '../model/settings.ts'
import { probeOf } from '../names/grammar.ts'
import { formatJob, type Job, type JobInput, probeSettings, type StoredInput } from './job.ts'
import type { BuildOrderRecord, BuildPlan, LoadTestRecord, OfSubmission } from './order.ts'
import type { BuildRoot } from './roots/build-root.ts'
import type { Wanted } from './roots/choose.ts'
import type { RootRecord } from './roots/records.ts'
import { sourceOf, type TreeInputs, treeIdIn, treeOf } from './tree.ts'

/** A driver source in the inputs bucket. */
export interface DriverInput {
  readonly source: Source
  readonly format: PackageFormat
  readonly bytes: number
  readonly recipe: DriverVersions['recipe']
}

export interface DecidePorts {
  readonly settings: Settings
  /** @throws {ProbeError} `driver-source-not-found`, `digest-mismatch`, ... */
  readonly driver: (probe: Probe) => Promise<DriverInput>
  /** Finds the root for the compiler. @throws {ProbeError} `headers-not-found`, `root-missing`, ... */
  readonly root: (arch: Arch, kind: Kind, wanted: Wanted) => Promise<BuildRoot>
  /** Finds the root for the steps. @throws {ProbeError} those of `root`. */
  readonly stepsRoot: (arch: Arch, phase: Phase) => Promise<RootRecord>
  readonly cache: Pick<BuildCache, 'find'>
  /** Checks the digest of a package, and copies it into the inputs bucket. */
  readonly ensureInput: (pkg: KernelImage) => Promise<unknown>
  /** @throws {ProbeError} `unknown-config`: the submitted file has expired. */
  readonly checkKept: (file: Stored) => Promise<void>
}

export interface OrderPorts {
  readonly settings: Settings
  readonly stagingUrls: Presigner
  readonly inputUrls: Presigner
  readonly rootUrls: Presigner
}

/** Minutes for the start of a machine, and for a build that ends late. */
const QUEUE_MINUTES = 6

/** A plan, and parts that only the job document needs. */
export interface Decision {
  readonly plan: BuildPlan
  readonly kernel: Pick<Job['settings'], 'KERNEL' | 'TREE'>
  readonly root: BuildRoot
  readonly steps: RootRecord
  readonly inputs: readonly StoredInput[]
}

/**
 * Safe to repeat, because the key of each input is its digest.
 * @throws {ProbeError} those of its ports.
 */
export async function decide(
  ports: DecidePorts,
  { key, claim, attempt }: Pick<BuildPlan, 'key' | 'claim' | 'attempt'>,
  kernel: KernelPlan,
  { submitted, forced = [] }: OfSubmission,
): Promise<Decision> {
  const probe = probeOf(key)
  const [root, steps, driver] = await inOrder([
    ports.root(probe.arch, probe.kind, wantedFor(kernel)),
    ports.stepsRoot(probe.arch, 'build'),
    ports.driver(probe),
    bring(ports, kernel.tag === 'headers' ? kernel.headers : []),
  ])
  const tree = await treeIn(ports, kernel, root)
  await Promise.all(tree.submitted.map(ports.checkKept))
  if (kernel.tag === 'source') await bring(ports, tree.packages)
  const { id, digest, suite } = root.record
  const plan: BuildPlan = {
    ...{ key, claim, attempt },
    unameRelease: kernel.unameRelease,
    compiler: root.compiler,
    root: { id, digest, suite, match: root.match },
    recipe: driver.recipe,
    driverSource: driver.source,
    headers: tree.sources,
    submitted,
    forced: forced.length === 0 ? undefined : forced,
    ofConfig: kernel.tag === 'source' ? true : undefined,
    treeId: tree.makes,
    loadTest: loadTestRecordOf(kernel, ports.settings),
  }
  const { format, bytes, source } = driver
  const { sha256 } = source
  const inputs = [...tree.inputs, { role: 'driver' as const, format, sha256, bytes, key: inputKey(sha256) }]
  return { plan, kernel: tree.kernel, root, steps, inputs }
}

/** Rejects with the first error in the order of `all`, not of time, so that the same fault always gives the same reason. */
async function inOrder<T extends readonly unknown[]>(all: readonly [...{ [K in keyof T]: Promise<T[K]> }]) {
  await Promise.allSettled(all)
  return Promise.all(all)
}

const bring = ({ ensureInput }: Pick<DecidePorts, 'ensureInput'>, packages: readonly KernelImage[]) =>
  Promise.all(packages.map(ensureInput))

/** A tree that the build makes works with any compiler, so it has no oldest one. */
const wantedFor = (kernel: KernelPlan): Wanted => ({
  command: kernel.compiler,
  text: kernel.compilerText,
  least: kernel.tag === 'headers' ? kernel.leastCompiler : undefined,
})

/** A tree made from source and config contains programs for its root, so only that root can use it. */
async function treeIn(
  { cache }: Pick<DecidePorts, 'cache'>,
  kernel: KernelPlan,
  root: BuildRoot,
): Promise<TreeInputs> {
  const makes = kernel.tag === 'source' ? treeIdIn(kernel.treeId, root) : ''
  return treeOf(kernel, { makes, prepared: makes === '' ? undefined : await cache.find(treeKey(makes)) })
}

/** Omits fields that only the package lists need. */
function loadTestRecordOf(
  { image, unameRelease }: KernelPlan,
  settings: Settings,
): LoadTestRecord | undefined {
  if (image === undefined || settings.loadTest.mode === 'off') return undefined
  const { bytes, format, signedFor } = image
  return { unameRelease, image: { ...sourceOf(image), bytes, format, signedFor } }
}

/** Formats the job document. The URLs in it are signed now. */
export async function orderOf(ports: OrderPorts, decision: Decision): Promise<BuildOrderRecord> {
  const { job: key } = stagingKeys(decision.plan.claim)
  const job = formatJob(await jobOf(ports, decision))
  const jobUrl = await ports.stagingUrls.get(key, { expiresSeconds: jobSeconds(ports.settings) })
  return { plan: decision.plan, job, jobUrl, stepsRoot: decision.steps.digest }
}

/** Maximum duration of a build in seconds, with the start of its machine. */
export const jobSeconds = ({ build }: Settings): number => (build.timeoutMinutes + QUEUE_MINUTES) * 60

async function jobOf(ports: OrderPorts, { plan, kernel, root, steps, inputs }: Decision): Promise<Job> {
  const expires = { expiresSeconds: jobSeconds(ports.settings) }
  const keys = stagingKeys(plan.claim)
  return {
    settings: {
      ...probeSettings(probeOf(plan.key), plan.unameRelease),
      RECIPE: plan.recipe,
      ...kernel,
      ROOT: root.record.digest,
      COMPILER: root.compiler,
      CROSS: root.cross ?? '-',
      CLANG: root.clang ?? '-',
      MAX_PROBE_BYTES: String(ports.settings.build.maxProbeBytes),
      COMPILE_SECONDS: String((ports.settings.build.timeoutMinutes - 2) * 60),
    },
    inputs: [
      await rootInput(ports, 'steps', steps, expires),
      await rootInput(ports, 'root', root.record, expires),
      ...(await Promise.all(
        inputs.map(async (i) => ({ ...i, url: await ports.inputUrls.get(i.key, expires) })),
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

export async function rootInput<Role extends string>(
  { rootUrls }: Pick<OrderPorts, 'rootUrls'>,
  role: Role,
  { sha256: digest, bytes }: RootRecord,
  expires: { readonly expiresSeconds: number },
): Promise<JobInput<Role>> {
  return { role, format: 'tar.gz', sha256: digest, bytes, url: await rootUrls.get(inputKey(digest), expires) }
}
