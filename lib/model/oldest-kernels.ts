// Lists the oldest kernel that each driver version supports. Source: README.md of each tag of falcosecurity/libs, "Drivers
// officially supported architectures".

import type { Arch, Kind } from './probe.ts'
import type { Series } from './series.ts'

interface OldestKernels {
  /** first and last driver version; without a last, all later ones */
  readonly drivers: readonly [first: string, last?: string]
  readonly kernels: Readonly<Record<Arch, Readonly<Record<Kind, Series>>>>
}

/**
 * Newest first. Driver versions since 10.0.0 have no ebpf probe. Packages have the version numbers of libs. Its README has the
 * same oldest kernels, but that of 0.1.1 has none yet.
 */
export const OLDEST_KERNELS = [
  {
    drivers: ['9.1.0+driver'],
    kernels: { x86_64: { kmod: [3, 10], ebpf: [4, 14] }, aarch64: { kmod: [3, 16], ebpf: [4, 17] } },
  },
  {
    drivers: ['0.11.0', '0.22.2'],
    kernels: { x86_64: { kmod: [2, 6], ebpf: [4, 14] }, aarch64: { kmod: [3, 16], ebpf: [4, 17] } },
  },
  {
    drivers: ['5.0.0+driver', '9.0.0+driver'],
    kernels: { x86_64: { kmod: [2, 6], ebpf: [4, 14] }, aarch64: { kmod: [3, 16], ebpf: [4, 17] } },
  },
  {
    drivers: ['2.0.0+driver', '4.0.1+driver'],
    kernels: { x86_64: { kmod: [2, 6], ebpf: [4, 14] }, aarch64: { kmod: [3, 4], ebpf: [4, 17] } },
  },
] as const satisfies readonly OldestKernels[]
