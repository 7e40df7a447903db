// Finds the kernel of a probe and the sources of its build tree, or the other probe that this name means.

import type { OfSubmission } from '../build/order.ts'
import { hasOwnSource, type Patched, patchedReason, patchedWith } from '../kconfig/patched.ts'
import type { KernelPlan } from '../kernels/planner.ts'
import { targetNamed } from '../kernels/targets.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { recordId, type SubmittedKernel, submittedParts } from '../model/kernel.ts'
import type { Kernels } from '../model/ports.ts'
import type { ConfigHash, Objection, Probe } from '../model/probe.ts'
import { asSubmitted } from '../model/way-out.ts'

export interface KernelOfPorts {
  readonly kernels: Pick<Kernels, 'recorded'>
  /**
   * Plans a probe's kernel: build tree and compiler.
   * @throws {ProbeError} `headers-not-found`, `mirror-unreachable`, ...
   */
  readonly kernel: (probe: Probe) => Promise<KernelPlan>
  /** Plans a submitted kernel. */
  readonly submitted: (kernel: SubmittedKernel) => Promise<KernelPlan>
  /**
   * Finds a distribution's probe by `uname -r` and the md5 of its config.
   * @throws {ProbeError} `headers-not-found`, ...
   */
  readonly identify: (asked: Asked) => Promise<Probe>
  /** whether the operator has sources of patched kernels; only making the tree shows if one fits */
  readonly ownSources: boolean
}

type Asked = ConfigHash & { readonly target?: string }
type Identify = Pick<KernelOfPorts, 'identify'>

export type KernelOf =
  | { readonly tag: 'kernel'; readonly kernel: KernelPlan; readonly submission?: OfSubmission }
  /** the name is outdated; `of`: the probe under the current name */
  | { readonly tag: 'older-name'; readonly of: Probe }
  /** the submitted config belongs to a distribution's own kernel; `of`: its probe */
  | { readonly tag: 'distributions-own'; readonly of: Probe }

/** @throws {ProbeError} `cannot-load`, `unknown-config`, and the errors of its ports. */
export async function kernelOf(ports: KernelOfPorts, probe: Probe): Promise<KernelOf> {
  if (probe.config !== undefined) return submittedKernelOf(ports, probe)
  const kernel = await ports.kernel(probe)
  const { kernelRelease } = kernel
  if (kernelRelease === probe.kernelRelease) return { tag: 'kernel', kernel }
  return { tag: 'older-name', of: { ...probe, kernelRelease } }
}

/**
 * If the config belongs to a distribution's own kernel, the host gets the canonical probe. A host that names
 * this kernel differently, because it has another os-release, cannot use that probe: it gets one that is
 * built from the same packages and signed for its own names.
 */
async function submittedKernelOf(ports: KernelOfPorts, probe: Probe): Promise<KernelOf> {
  const { kernel } = (await ports.kernels.recorded(recordId(probe) ?? '')) ?? refuse(probe)
  const own = await ownOf(ports, probe, kernel)
  if (!(own instanceof ProbeError) && isNamedAs(own, probe)) return { tag: 'distributions-own', of: own }
  const submitted = submittedParts(kernel)
  const forced = kernel.forced?.[probe.kind] ?? []
  if (!(own instanceof ProbeError))
    return { tag: 'kernel', kernel: await ports.kernel(own), submission: { submitted, forced } }
  const patches = ports.ownSources ? [] : patchesOf(kernel)
  const why = kernel.refused[probe.kind] ?? (kernel.force ? undefined : patchedWhy(patches, own))
  if (why !== undefined) throw new ProbeError('cannot-load', why)
  const submission = { submitted, forced: [...forced, ...patches.map(objectionTo)] }
  return { tag: 'kernel', kernel: await ports.submitted(kernel), submission }
}

/**
 * A host that is not of a known distribution, and whose config shows no patches, does not wait for mirrors of
 * distributions that may use the same release.
 */
async function ownOf(ports: Identify, probe: Probe, kernel: SubmittedKernel): Promise<Probe | ProbeError> {
  try {
    return await lookedUp(ports, { ...probe, ...kernel })
  } catch (error) {
    const foreign = kernel.patched === undefined && targetNamed(kernel.target) === undefined
    if (foreign && isProbeError(error, 'mirror-unreachable')) return error
    throw error
  }
}

/** Patches that make kernel.org's source wrong for this kernel. Submitted headers replace that source. */
const patchesOf = ({ patched, kernelUrls, kheaders }: SubmittedKernel): readonly Patched[] =>
  patched === undefined || kernelUrls.length > 0 || kheaders !== undefined
    ? []
    : [patchedWith(patched)].filter((one) => !hasOwnSource(one))

/** `own`: why the distribution's own headers are not used. */
const patchedWhy = ([patched]: readonly Patched[], own: ProbeError): string | undefined =>
  patched && `${patchedReason(patched)}. By its name: ${asSubmitted(own.message)}`

const objectionTo = (patched: Patched): Objection => ({
  code: 'patched-kernel',
  option: patched.option,
  detail: patchedReason(patched),
})

function refuse({ config }: Probe): never {
  throw new ProbeError('unknown-config', `the config ${config} was never submitted for this kernel`)
}

const isNamedAs = (a: Probe, b: Probe): boolean =>
  a.target === b.target && a.kernelRelease === b.kernelRelease && a.kernelVersion === b.kernelVersion

/** `undefined`: no distribution has a kernel of that release with exactly that config. */
export async function distributionsOwn(ports: Identify, asked: Asked): Promise<Probe | undefined> {
  const own = await lookedUp(ports, asked)
  return own instanceof ProbeError ? undefined : own
}

/** Returns the error, if it means that there is no such kernel. */
async function lookedUp({ identify }: Identify, asked: Asked): Promise<Probe | ProbeError> {
  try {
    return await identify(asked)
  } catch (error) {
    if (isProbeError(error, 'headers-not-found') || isProbeError(error, 'unsupported-kernel')) return error
    throw error
  }
}
