// Parses the names of Flatcar's kernels. Clients name them by the release of Flatcar (VERSION_ID of
// os-release) instead of `uname -r`.

import type { Arch } from '../../model/probe.ts'
import type { NamedKernel } from '../planner.ts'
import { unsupported } from '../refusals.ts'

/** By the second number of a release: 3510.0.0 is alpha, 3510.1.0 beta, 3510.2.0 stable, 3510.3.0 lts. */
export const CHANNELS = ['alpha', 'beta', 'stable', 'lts'] as const
export type Channel = (typeof CHANNELS)[number]

export interface FlatcarRelease {
  /** e.g. `3510.2.8` */
  readonly version: string
  readonly arch: Arch
}

/** Flatcar's first release is 1632; developers' own releases begin with 9999. */
const RELEASE = /^(?:1[5-9]\d\d|[2-9]\d{3}|[1-9]\d{4})\.(?:0|[1-9]\d?)\.(?:0|[1-9]\d{0,2})$/

/** @throws {ProbeError} `unsupported-kernel`. */
export function flatcarRelease({ kernelRelease, arch }: NamedKernel): FlatcarRelease {
  if (RELEASE.test(kernelRelease)) return { version: kernelRelease, arch }
  throw unsupported(
    `${kernelRelease} is not a release of Flatcar, as VERSION_ID of its os-release has it (3510.2.8): \`uname -r\` does not say it, and older loaders ask by that. Use a loader of Falco 0.32.1 or newer, or POST the kernel's config to /v1/probes`,
  )
}

/** All channels, the likely one first. */
export function channelsFor({ version }: FlatcarRelease): readonly Channel[] {
  const likely = CHANNELS[Number(version.split('.')[1])] ?? 'lts'
  return [likely, ...CHANNELS.filter((channel) => channel !== likely)]
}
