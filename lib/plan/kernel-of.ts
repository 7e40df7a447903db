// Which kernel a probe is built for, and of what its build tree is made: or that another probe is the one to build.

import type { BuildPlan } from '../build/order.ts'
import type { KernelPlan } from '../kernels/planner.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { recordId, type SubmittedKernel, submittedParts } from '../model/kernel.ts'
import type { Kernels } from '../model/ports.ts'
import type { ConfigHash, Probe } from '../model/probe.ts'

export interface KernelOfPorts {
  readonly kernels: Pick<Kernels, 'recorded'>
  /** What its build tree is made of, and by which compiler. ProbeError `headers-not-found`, `mirror-unreachable`, ... */
  readonly kernel: (probe: Probe) => Promise<KernelPlan>
  /** The same of a submitted kernel. */
  readonly submitted: (kernel: SubmittedKernel) => Promise<KernelPlan>
  /** The distribution's own probe that a release and the md5 of a config mean. ProbeError `headers-not-found`, ... */
  readonly identify: (asked: ConfigHash & { readonly target?: string }) => Promise<Probe>
}

export type KernelOf =
  | { readonly tag: 'kernel'; readonly kernel: KernelPlan; readonly submitted?: BuildPlan['submitted'] }
  /** the kernel has another name today, and its probe is there */
  | { readonly tag: 'older-name'; readonly of: Probe }
  /** what was submitted is the config of a distribution's own kernel */
  | { readonly tag: 'distributions-own'; readonly of: Probe }

/** ProbeError `cannot-load`, `unknown-config`, and those of its ports. */
export async function kernelOf(ports: KernelOfPorts, probe: Probe): Promise<KernelOf> {
  if (probe.config !== undefined) return submittedKernelOf(ports, probe)
  const kernel = await ports.kernel(probe)
  const { kernelRelease } = kernel
  if (kernelRelease === probe.kernelRelease) return { tag: 'kernel', kernel }
  return { tag: 'older-name', of: { ...probe, kernelRelease } }
}

/**
 * Of a distribution's own kernel the probe is the canonical one, and only that, whoever submitted its config. A host
 * that calls that kernel otherwise (another os-release around it) could not take it: it gets one that is built from the
 * distribution's packages, too, and signed by its own names.
 */
async function submittedKernelOf(ports: KernelOfPorts, probe: Probe): Promise<KernelOf> {
  const { kernel } = (await ports.kernels.recorded(recordId(probe) ?? '')) ?? refuse(probe)
  const own = await distributionsOwn(ports, { ...probe, ...kernel })
  if (own !== undefined && isNamedAs(own, probe)) return { tag: 'distributions-own', of: own }
  const why = own === undefined ? kernel.refused[probe.kind] : undefined
  if (why !== undefined) throw new ProbeError('cannot-load', why)
  const tree = await (own === undefined ? ports.submitted(kernel) : ports.kernel(own))
  return { tag: 'kernel', kernel: tree, submitted: submittedParts(kernel) }
}

function refuse({ config }: Probe): never {
  throw new ProbeError('unknown-config', `the config ${config} was never submitted for this kernel`)
}

const isNamedAs = (a: Probe, b: Probe): boolean =>
  a.target === b.target && a.kernelRelease === b.kernelRelease && a.kernelVersion === b.kernelVersion

/** `undefined` where no distribution has a kernel of that release with exactly that config. */
export async function distributionsOwn(
  { identify }: Pick<KernelOfPorts, 'identify'>,
  asked: Parameters<KernelOfPorts['identify']>[0],
): Promise<Probe | undefined> {
  try {
    return await identify(asked)
  } catch (error) {
    if (isProbeError(error, 'headers-not-found') || isProbeError(error, 'unsupported-kernel'))
      return undefined
    throw error
  }
}
