// What a probe is called as a package of rpm, and in which repository it stands.

import { kernelOf, type RpmKernel, type RpmRow } from '../../kernels/rpm/row.ts'
import { RPM_ROWS, RPM_TARGET_NAMES, type RpmTarget } from '../../kernels/rpm/rows.ts'
import type { Probe, Source } from '../../model/probe.ts'

const isTarget = (target: string): target is RpmTarget =>
  (RPM_TARGET_NAMES as readonly string[]).includes(target)

function rowKernel({ target, kernelRelease, arch }: Probe): { row: RpmRow; kernel: RpmKernel } | undefined {
  if (!isTarget(target)) return undefined
  const row = RPM_ROWS[target]
  const kernel = kernelOf(row, kernelRelease, arch)
  return kernel && { row, kernel }
}

/** Whether its hosts have rpm, and its kernel is the distribution's own. */
export const takes = (probe: Probe): boolean =>
  probe.kind === 'kmod' && probe.config === undefined && rowKernel(probe) !== undefined

/** How the kernels of a distribution name its release: `el9`, `fc41`, `amzn2023`. */
const RELEASE = /\.((?:el|fc|amzn|al|ph|azl|cm)\d+)/
/** SUSE's: 15.5 has kernels of 150500, 16.0 of 160000. */
const SUSE = /-(1[56])0([0-9])00\./

/**
 * One for each release of a distribution, e.g. `almalinux-el9`, `opensuse-15.5`, and not for each series of kernels: Fedora
 * and others go from one to the next within a release, and no host is to change its sources for that.
 */
export function repositoryOf({ target, kernelRelease }: Probe): string {
  const [, major, minor] = SUSE.exec(kernelRelease) ?? []
  const release = RELEASE.exec(kernelRelease)?.[1] ?? (major === undefined ? 'rolling' : `${major}.${minor}`)
  return `${target}-${release}`
}

export interface RpmNames {
  /** of the package that has the module, e.g. `falco-probe-11.0.0+driver-5.14.0-427.el9.x86_64` */
  readonly name: string
  /** the kernel package's own */
  readonly version: string
  readonly release: string
  /** what all of its kernel, of whatever driver version, provide: `falco-probe(5.14.0-427.el9.x86_64)` */
  readonly ofKernel: string
  /** what all provide, by the driver version: `falco-probe` */
  readonly ofDriver: string
  readonly driverVersion: string
  /** `undefined`: which of the distribution's kernels it is, is not known */
  readonly flavour: FlavourNames | undefined
}

/** Of the package that goes on with the kernel. */
export interface FlavourNames {
  /** e.g. `falco-probe-kernel-uek` */
  readonly name: string
  /** what a host has to have for it to need this probe: `(kernel-core = 5.14.0-427.el9 or kernel = 5.14.0-427.el9)` */
  readonly condition: string
}

/** Of a driver: a version of rpm has no hyphen in it. */
export const versionOf = (driverVersion: string): string => driverVersion.replaceAll('-', '_')

/** Of a probe that `takes` takes. `headers`: packages that it was built with. */
export function namesOf(probe: Probe, headers: readonly Source[]): RpmNames {
  const { row, kernel } = rowKernel(probe)!
  const ofDriver = `${probe.driverName}-probe`
  return {
    name: `${ofDriver}-${probe.driverVersion}-${kernel.unameRelease}`,
    version: kernel.version,
    release: kernel.release,
    ofKernel: `${ofDriver}(${kernel.unameRelease})`,
    ofDriver,
    driverVersion: versionOf(probe.driverVersion),
    flavour: flavourOf(row, kernel, headers, ofDriver),
  }
}

/** A kernel and its headers are of one name, version and release, that of a rebuild included; only the headers were seen. */
function flavourOf(
  row: RpmRow,
  kernel: RpmKernel,
  headers: readonly Source[],
  ofDriver: string,
): FlavourNames | undefined {
  const names = row.headers(kernel)
  const found = headers.find(({ name }) => names.includes(name))
  if (found === undefined) return undefined
  const flavour = found.name.replace(/-devel$/, '')
  const version = found.version.replace(/\.[^.]*$/, '')
  const images = row.images(kernel).filter((name) => name === flavour || name === `${flavour}-core`)
  const condition = images.map((name) => `${name} = ${version}`).join(' or ')
  return { name: `${ofDriver}-${flavour}`, condition: images.length === 1 ? condition : `(${condition})` }
}
