// A kernel's build tree on a machine of another architecture: its programs, which run there, come from that one's package.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import type { Arch, Package } from '../../model/probe.ts'
import { headersNotFound } from '../refusals.ts'
import { parseRelease } from './names.ts'

const isTools = ({ name }: Package): boolean => name.startsWith('linux-kbuild-')

/** What a machine of that architecture has: in the archive, and where that has not got it in what it had of that kernel. */
export interface MachineArchive {
  read(machine: Arch): Promise<readonly AptPackage[]>
  dropped(machine: Arch, kernelRelease: string): Promise<readonly AptPackage[]>
}

/**
 * The same headers, with the tools of the very same version that a machine of that architecture runs.
 * @throws {ProbeError} `headers-not-found`, and those of the archive.
 */
export async function withToolsFor(
  archive: MachineArchive,
  machine: Arch,
  kernelRelease: string,
  headers: readonly Package[],
): Promise<readonly Package[]> {
  const now = await archive.read(machine)
  const toolsFor = async (tools: Package): Promise<Package> => {
    const isSame = (p: Package): boolean => p.name === tools.name && p.version === tools.version
    const found =
      now.find(isSame) ?? (await archive.dropped(machine, sameKernelOn(machine, kernelRelease))).find(isSame)
    if (found !== undefined) return found
    throw headersNotFound(
      `the archive has no ${tools.name} ${tools.version} for ${DPKG_ARCH[machine]}, which a build on such a machine runs: build it on a machine of the kernel's own architecture (build.machines of the settings)`,
    )
  }
  return Promise.all(headers.map((pkg) => (isTools(pkg) ? toolsFor(pkg) : pkg)))
}

/** The plain flavour of that version, which each architecture has. */
const sameKernelOn = (machine: Arch, kernelRelease: string): string =>
  `${parseRelease(kernelRelease)?.version ?? kernelRelease}-${DPKG_ARCH[machine]}`
