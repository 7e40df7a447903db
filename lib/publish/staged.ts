// What a build and a load test left in their staging keys: read within bounds, and not believed.

import { readFault } from '../build/faults.ts'
import { type BuildPlan, decodeOrder, MAX_ORDER } from '../build/order.ts'
import { type BuildReport, MAX_LOG, MAX_MANIFEST, readReport } from '../build/report.ts'
import { type LoadVerdict, MAX_VERDICT, NO_IMAGE, readVerdict } from '../build/verdict.ts'
import { MAX_CACHED } from '../inputs/cache.ts'
import { sha256 } from '../model/digest.ts'
import { isProbeError } from '../model/errors.ts'
import { imageKey, loadTestKeys, stagingKeys, treeKey } from '../model/keys.ts'
import type { BuildCache, Log, Store } from '../model/ports.ts'
import type { FailureReason, Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { probeOf } from '../names/grammar.ts'
import { lostWhy } from './lost.ts'
import { verifyProbe } from './verify.ts'

export interface StagedPorts {
  readonly staging: Pick<Store, 'get'>
  readonly settings: Settings
}

export interface TreePorts extends TestedPorts {
  readonly log: Log
}

interface TestedPorts {
  readonly staging: Pick<Store, 'get'>
  readonly cache: Pick<BuildCache, 'keep'>
}

export interface Staged {
  readonly plan: BuildPlan | undefined
  readonly probe: Uint8Array | undefined
  readonly log: Uint8Array | undefined
  readonly report: BuildReport | undefined
}

export async function readStaged({ staging, settings }: StagedPorts, claim: string): Promise<Staged> {
  const keys = stagingKeys(claim)
  const [plan, probe, log, manifest] = await Promise.all([
    staging.get(keys.plan, MAX_ORDER),
    bounded(staging.get(keys.probe, settings.build.maxProbeBytes)),
    bounded(staging.get(keys.log, MAX_LOG)),
    bounded(staging.get(keys.manifest, MAX_MANIFEST)),
  ])
  return {
    plan: plan === undefined ? undefined : decodeOrder(plan).plan,
    probe,
    log,
    report: readReport(manifest),
  }
}

/** What is too large to be read counts as not written: the build is not believed, but it may be retried. */
async function bounded(read: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    return await read
  } catch (error) {
    if (isProbeError(error, 'too-large')) return undefined
    throw error
  }
}

const verify = (settings: Settings, probe: Probe, plan: BuildPlan, bytes: Uint8Array) =>
  verifyProbe(bytes, {
    kind: probe.kind,
    arch: probe.arch,
    driverName: probe.driverName,
    driverVersion: probe.driverVersion,
    unameRelease: plan.unameRelease,
    maxBytes: settings.build.maxProbeBytes,
  })

/** What can be published, once it is verified. */
export type Whole = Staged & { readonly plan: BuildPlan; readonly probe: Uint8Array }

/** Why what a build left is not published; `undefined`: it is a `Whole`. */
export function verifyStaged(
  settings: Settings,
  key: string,
  { plan, probe, report }: Staged,
): { reason: FailureReason; what: string } | undefined {
  if (plan === undefined || probe === undefined)
    return { reason: 'build-lost', what: 'the build ended well but left no probe' }
  if (plan.ofConfig && report?.lost === undefined)
    return {
      reason: 'build-lost',
      what: 'the build did not tell which options of the config hold in its tree',
    }
  const lost = lostWhy({ plan, report })
  if (lost !== undefined) return { reason: 'cannot-load', what: lost }
  try {
    verify(settings, probeOf(key), plan, probe)
    return undefined
  } catch (error) {
    if (!isProbeError(error)) throw error
    return { reason: 'verification-failed', what: error.message }
  }
}

/** What a load test left. */
export interface Tested {
  /** whether that is the end of it: what broke off on its way is tried again */
  readonly known: boolean
  readonly verdict: LoadVerdict
  readonly log: Uint8Array | undefined
}

/**
 * The verdict on exactly those bytes, and the kernel's image, which the next test is spared taking out of its package.
 * What was tested is what the job of the test says, which no build can write.
 */
export async function readLoadTest(
  { staging, cache }: TestedPorts,
  claim: string,
  test: number,
  probeSha256: string,
): Promise<Tested> {
  const keys = loadTestKeys(claim, test)
  const [job, body, log, order, fault] = await Promise.all([
    staging.get(keys.job, MAX_ORDER),
    bounded(staging.get(keys.verdict, MAX_VERDICT)),
    bounded(staging.get(keys.log, MAX_LOG)),
    staging.get(stagingKeys(claim).plan, MAX_ORDER),
    readFault(staging, keys.fault),
  ])
  if (job === undefined) return notBegun(fault)
  const inputs = new TextDecoder().decode(job)
  if (!inputs.includes(`get\tprobe\ttext\t${probeSha256}\t`))
    return { known: true, verdict: OTHER_BYTES, log }
  if (!/^get\t(?:boot|kernel)\t/m.test(inputs)) return { known: true, verdict: NO_IMAGE, log }
  if (body === undefined && fault !== undefined) return notBegun(fault)
  const verdict = readVerdict(body)
  const image = order === undefined ? undefined : decodeOrder(order).plan.loadTest?.image
  if (image !== undefined && verdict.boot !== undefined) {
    const boot = await bounded(staging.get(keys.boot, MAX_CACHED))
    if (boot !== undefined && sha256(boot) === verdict.boot.sha256)
      await cache.keep(imageKey(image.sha256), boot)
  }
  return { known: verdict.verdict !== 'unavailable', verdict, log }
}

const notBegun = (fault = 'the load test did not begin'): Tested => ({
  known: false,
  verdict: { verdict: 'unavailable', stage: 'plan', reason: fault, timings: {} },
  log: undefined,
})

const OTHER_BYTES: LoadVerdict = {
  verdict: 'failed',
  reason: 'the probe is not the one that was tested',
  checked: [],
  lines: [],
  timings: {},
}

/**
 * After the probe, which it must not hold up: a tree that is lost is made again. What the build says of it is checked
 * against its bytes; it serves only kernels of the very same source, config, compiler and release.
 */
export async function keepTree(ports: TreePorts, claim: string, { plan, report }: Staged): Promise<void> {
  if (plan?.treeId === undefined || report?.prepared === undefined) return
  const tree = await bounded(ports.staging.get(stagingKeys(claim).prepared, MAX_CACHED))
  if (tree === undefined || sha256(tree) !== report.prepared.sha256) return
  await ports.cache.keep(treeKey(plan.treeId), tree)
  ports.log('tree kept', { claim, treeId: plan.treeId, bytes: tree.length })
}
