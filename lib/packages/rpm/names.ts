// Names a probe's rpm packages, and the repository that contains them.

import { kernelOf, type RpmKernel, type RpmRow } from '../../kernels/rpm/row.ts'
import { RPM_ROWS, RPM_TARGET_NAMES, type RpmTarget } from '../../kernels/rpm/rows.ts'
import type { Probe, Source } from '../../model/probe.ts'
import type { PackageNames } from '../names.ts'

const isTarget = (target: string): target is RpmTarget =>
  (RPM_TARGET_NAMES as readonly string[]).includes(target)

function rowKernel({ target, kernelRelease, arch }: Probe): { row: RpmRow; kernel: RpmKernel } | undefined {
  if (!isTarget(target)) return undefined
  const row = RPM_ROWS[target]
  const kernel = kernelOf(row, kernelRelease, arch)
  return kernel && { row, kernel }
}

/** True for the distribution's own kernels on hosts with rpm. */
export const takes = (probe: Probe): boolean =>
  probe.kind === 'kmod' && probe.config === undefined && rowKernel(probe) !== undefined

/** The distribution's release in a kernel's release: `el9`, `fc41`, `amzn2023`. */
const RELEASE = /\.((?:el|fc|amzn|al|ph|azl|cm)\d+)/
/** SUSE: kernels of 15.5 contain 150500, those of 16.0 contain 160000. */
const SUSE = /-(1[56])0([0-9])00\./

/**
 * One repository for each release of a distribution, e.g. `almalinux-el9`, `opensuse-15.5`. It contains all series of kernels:
 * Fedora and others move to newer series within a release, and no host should have to change its sources then.
 */
export function repositoryOf({ target, kernelRelease }: Probe): string {
  const [, major, minor] = SUSE.exec(kernelRelease) ?? []
  const release = RELEASE.exec(kernelRelease)?.[1] ?? (major === undefined ? 'rolling' : `${major}.${minor}`)
  return `${target}-${release}`
}

export interface RpmNames extends PackageNames<FlavourNames> {
  /** of the kernel's package */
  readonly release: string
}

/** Names the package that requires the probe of each installed kernel. */
export interface FlavourNames {
  /** e.g. `falco-probe-kernel-uek` */
  readonly name: string
  /** the kernel packages that need this probe: `(kernel-core = 5.14.0-427.el9 or kernel = 5.14.0-427.el9)` */
  readonly condition: string
}

/** Versions of rpm packages must not contain a hyphen. */
export const versionOf = (driverVersion: string): string => driverVersion.replaceAll('-', '_')

/** `probe`: `takes` is true for it. `headers`: the packages that it was built with. */
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

/** Derives the kernel's package from its header package, because both have the same base name, version and release. */
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
