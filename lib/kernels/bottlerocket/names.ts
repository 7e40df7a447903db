// Parses the names of Bottlerocket's kernels: a kernel release `5.15.108` and a kernel version
// `1_1.14.1-aws`. falcoctl and the loader compose this version from `#N` of `uname -v`, Bottlerocket's
// release, and the first part of its variant.

import type { Arch } from '../../model/probe.ts'
import type { KernelRequest } from '../planner.ts'
import { unsupported } from '../refusals.ts'

export interface BottlerocketKernel {
  readonly arch: Arch
  /** also `uname -r` */
  readonly kernelRelease: string
  /** Bottlerocket's own release, e.g. `1.14.1` */
  readonly version: string
  /** the first part of the variant: `aws` of `aws-k8s-1.28` */
  readonly family: string
}

const RELEASE = /^\d{1,2}\.\d{1,3}\.\d{1,4}$/
const VERSION = /^\d{1,4}_(\d{1,3}\.\d{1,3}\.\d{1,3})-([a-z]{1,16})$/

/** Pure. @throws {ProbeError} `unsupported-kernel`. */
export function checkedKernel(request: Omit<KernelRequest, 'kind'>): BottlerocketKernel {
  const { arch, kernelRelease, kernelVersion } = request
  if (!RELEASE.test(kernelRelease))
    throw unsupported(`${kernelRelease} is not the release of a kernel of Bottlerocket, e.g. 5.15.108`)
  const [, version, family] = VERSION.exec(kernelVersion) ?? []
  if (version === undefined || family === undefined)
    throw unsupported(
      `${kernelVersion} does not say which Bottlerocket it is: 1_{VERSION_ID}-{VARIANT_ID up to "-"}, e.g. 1_1.14.1-aws`,
    )
  return { arch, kernelRelease, version, family }
}
