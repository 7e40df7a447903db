// Provides Debian's own archive for tests: its planner, and every kernel in its lists.

import { aptArchive } from '../../lib/archives/apt/archive.ts'
import type { Suite } from '../../lib/archives/apt/suite.ts'
import { DEBIAN_KEYRING } from '../../lib/archives/keys/debian.ts'
import { unameOf } from '../../lib/kernels/deb.ts'
import { canonicalRelease, isKernelHeaders } from '../../lib/kernels/debian/headers.ts'
import { debianPlanner, KERNEL_PACKAGES } from '../../lib/kernels/debian/planner.ts'
import type { HeadersPlanner, PlannerPorts } from '../../lib/kernels/planner.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import type { Arch } from '../../lib/model/probe.ts'

export interface DebianKernel {
  /** the release that clients ask for, e.g. `6.1.192-2-amd64` */
  readonly kernelRelease: string
  /** e.g. `6.1.0-56-amd64` */
  readonly unameRelease: string
}

export interface Debian extends HeadersPlanner {
  /** Every kernel of the archive. */
  kernels(arch: Arch): Promise<readonly DebianKernel[]>
}

/** Tests send requests only to the hosts that they name. */
export const NO_SNAPSHOT = { ...DEFAULTS.debian.snapshot, mode: 'off' } as const

export function debian(ports: PlannerPorts, suites: readonly Suite[]): Debian {
  // The planner's own reader, so that each list is read once for both.
  const archive = aptArchive(ports, { suites, keyring: DEBIAN_KEYRING, keep: KERNEL_PACKAGES })
  return {
    ...debianPlanner(ports, { debian: { ...DEFAULTS.debian, suites: [...suites], snapshot: NO_SNAPSHOT } }),
    kernels: async (arch) => {
      const packages = await archive.packages(arch)
      return packages.filter(isKernelHeaders).map((headers) => ({
        kernelRelease: canonicalRelease(packages, headers),
        unameRelease: unameOf(headers),
      }))
    },
  }
}
