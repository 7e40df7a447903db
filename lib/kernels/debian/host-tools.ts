// Replaces the programs of a build tree, if the build machine has another architecture than the kernel.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import type { Arch, Package } from '../../model/probe.ts'
import { headersNotFound } from '../refusals.ts'
import { parseRelease } from './names.ts'

/** Packages for a build machine's architecture: current ones, and those of a dropped kernel. */
export interface MachineArchive {
  read(machine: Arch): Promise<readonly AptPackage[]>
  dropped(machine: Arch, kernelRelease: string): Promise<readonly AptPackage[]>
}

/**
 * Replaces `linux-kbuild-*` with the package of the same version for the machine's architecture.
 * @throws {ProbeError} `headers-not-found`, and the errors of the archive.
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
  return Promise.all(headers.map((pkg) => (pkg.name.startsWith('linux-kbuild-') ? toolsFor(pkg) : pkg)))
}

/** The plain flavour of that version, which every architecture has. */
const sameKernelOn = (machine: Arch, kernelRelease: string): string =>
  `${parseRelease(kernelRelease)?.version ?? kernelRelease}-${DPKG_ARCH[machine]}`
