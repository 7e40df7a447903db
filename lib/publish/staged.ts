// Reads the objects that a build and its load test left in staging, with size limits, and verifies them.

import { readFault } from '../build/faults.ts'
import { type BuildPlan, decodeOrder, MAX_ORDER } from '../build/order.ts'
import { type BuildReport, MAX_LOG, MAX_MANIFEST, readReport } from '../build/report.ts'
import { type LoadVerdict, MAX_VERDICT, NO_IMAGE, readVerdict } from '../build/verdict.ts'
import { MAX_CACHED } from '../inputs/cache.ts'
import { sha256 } from '../model/digest.ts'
import { isProbeError, unless } from '../model/errors.ts'
import { imageKey, loadTestKeys, stagingKeys, treeKey } from '../model/keys.ts'
import type { FailureReason } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { probeOf } from '../names/grammar.ts'
import { lostWhy } from './lost.ts'
import type { PublishPorts } from './ports.ts'
import { verifyProbe } from './verify.ts'

type StagedPorts = Pick<PublishPorts, 'staging' | 'settings'>

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
  return { plan: plan && decodeOrder(plan).plan, probe, log, report: readReport(manifest) }
}

/** Treats an object that is too large as absent. The build is not trusted, but it may run again. */
const bounded = (read: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> =>
  unless((error) => isProbeError(error, 'too-large'), read)

/** The staged objects, with a verified probe. */
export type Verified = Staged & { readonly plan: BuildPlan; readonly probe: Uint8Array }

type Checked =
  | { readonly tag: 'verified'; readonly staged: Verified }
  | { readonly tag: 'refused'; readonly reason: FailureReason; readonly detail: string }

const refused = (reason: FailureReason, detail: string): Checked => ({ tag: 'refused', reason, detail })

export function verifyStaged({ build }: Pick<Settings, 'build'>, key: string, staged: Staged): Checked {
  const { plan, probe, report } = staged
  if (plan === undefined || probe === undefined)
    return refused('build-lost', 'the build ended well but left no probe')
  if (plan.ofConfig && report?.lost === undefined)
    return refused('build-lost', 'the build did not report which options of the config hold in its tree')
  const lost = lostWhy({ plan, report })
  if (lost !== undefined) return refused('cannot-load', lost)
  try {
    const { unameRelease } = plan
    verifyProbe(probe, { ...probeOf(key), unameRelease, maxBytes: build.maxProbeBytes })
    return { tag: 'verified', staged: { ...staged, plan, probe } }
  } catch (error) {
    if (!isProbeError(error)) throw error
    return refused('verification-failed', error.message)
  }
}

/** The result of a load test. */
export interface Tested {
  /** false: the test was interrupted and may run again */
  readonly known: boolean
  readonly verdict: LoadVerdict
  readonly log: Uint8Array | undefined
}

/**
 * Reads the verdict on exactly these bytes, and stores the kernel's image for the next test. The digest of the tested bytes is in
 * the test's job document, which no build can write.
 */
export async function readLoadTest(
  { staging, cache }: PublishPorts,
  { claim, test }: { readonly claim: string; readonly test: number },
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
  const image = order && decodeOrder(order).plan.loadTest?.image
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
 * Stores the tree that a build made. Comes after the probe, which must not wait for it: a lost tree is made again. The tree must
 * have the digest in the report. Only kernels of the same source, config, compiler and release use it.
 */
export async function keepTree(
  { staging, cache, log }: Pick<PublishPorts, 'staging' | 'cache' | 'log'>,
  claim: string,
  { plan, report }: Staged,
): Promise<void> {
  if (plan?.treeId === undefined || report?.prepared === undefined) return
  const tree = await bounded(staging.get(stagingKeys(claim).prepared, MAX_CACHED))
  if (tree === undefined || sha256(tree) !== report.prepared.sha256) return
  await cache.keep(treeKey(plan.treeId), tree)
  log('tree kept', { claim, treeId: plan.treeId, bytes: tree.length })
}
