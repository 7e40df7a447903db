// What a probe is called as a package of dpkg, and in which list of the repository it stands.

import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { parseRelease } from '../../kernels/debian/names.ts'
import { parseUbuntu } from '../../kernels/ubuntu/names.ts'
import type { Probe } from '../../model/probe.ts'
import { formatSeries, seriesOf } from '../../model/series.ts'

/** Whether its hosts have apt, and its kernel is the distribution's own. */
export const takes = ({ kind, config, target, kernelRelease }: Probe): boolean =>
  kind === 'kmod' &&
  config === undefined &&
  (target === 'debian' || target.startsWith('ubuntu-')) &&
  seriesOf(kernelRelease) !== undefined

/**
 * One for each target and line of kernels, e.g. `debian-6.1`, `ubuntu-aws-6.8`: what is newest in it is newest for all of its
 * hosts. A kernel that was made for an older release than its line's own is of a line of its own: `debian-6.12-deb12` for what
 * bookworm has of 6.12 (`6.12.43-1~bpo12+1`), `ubuntu-generic-6.8-22.04` (`53~22.04.1`).
 */
export function componentOf({ target, kernelRelease, kernelVersion }: Probe): string {
  const line = formatSeries(seriesOf(kernelRelease)!)
  const [, debian] = /~(?:bpo|deb)(\d+)/.exec(kernelRelease) ?? []
  const [, ubuntu] = /~(\d\d\.\d\d)/.exec(kernelVersion) ?? []
  const older = target === 'debian' ? debian && `-deb${debian}` : ubuntu && `-${ubuntu}`
  return `${target}-${line}${older ?? ''}`
}

/** Of its list, below the suite. */
export const listPath = (probe: Probe): string =>
  `${componentOf(probe)}/binary-${DPKG_ARCH[probe.arch]}/Packages`

export interface PackageNames {
  /** of the one that has the module, e.g. `falco-probe-11.0.0+driver-6.1.0-56-amd64` */
  readonly name: string
  /** the kernel package's own: `6.1.192-2`, `6.8.0-52.53~22.04.1` */
  readonly version: string
  /** what all of its kernel, of whatever driver version, provide: `falco-probe-6.1.0-56-amd64` */
  readonly ofKernel: string
  /** what all provide, by the driver version: `falco-probe` */
  readonly ofDriver: string
  readonly driverVersion: string
  /** `undefined`: the kernel's name tells no flavour */
  readonly flavour: FlavourNames | undefined
}

/** Of the package that goes on with the kernel. */
export interface FlavourNames {
  /** e.g. `falco-probe-cloud-amd64` */
  readonly name: string
  /** the kernel's, and behind it the driver's: the packages of a newer driver version take the place of an older one's */
  readonly version: string
}

export function namesOf(probe: Probe, unameRelease: string): PackageNames {
  const ofDriver = `${probe.driverName}-probe`
  const kernel = nameOf(unameRelease)
  const version = versionOf(probe)
  const driverVersion = /^\d/.test(probe.driverVersion) ? probe.driverVersion : `0+${probe.driverVersion}`
  const flavour = flavourOf(unameRelease)
  return {
    name: `${ofDriver}-${nameOf(probe.driverVersion)}-${kernel}`,
    version,
    ofKernel: `${ofDriver}-${kernel}`,
    ofDriver,
    driverVersion: driverVersion.replaceAll('_', '.'),
    flavour:
      flavour === undefined
        ? undefined
        : {
            name: `${ofDriver}-${nameOf(flavour)}`,
            version: `${version}+${driverVersion.replaceAll(/[_-]/g, '.')}`,
          },
  }
}

/** What a package may be called: Debian Policy, 5.6.7. */
const nameOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9+.-]/g, '-')

/** Ubuntu's name has the ABI alone, and the upload stands in the version of the kernel. */
function versionOf({ kernelRelease, kernelVersion }: Probe): string {
  const ubuntu = parseUbuntu(kernelRelease)
  if (ubuntu !== undefined) return `${ubuntu.abi}.${kernelVersion}`
  return parseRelease(kernelRelease)?.version ?? kernelRelease.replace(OTHER_FLAVOUR, '').replaceAll('_', '.')
}

/** Of Raspberry Pi OS and Proxmox VE, which call themselves Debian. */
const OTHER_FLAVOUR = /-(rpi-(?:v8|2712)(?:-rt)?|pve)$/

const flavourOf = (unameRelease: string): string | undefined =>
  parseRelease(unameRelease)?.flavour ??
  parseUbuntu(unameRelease)?.flavour ??
  OTHER_FLAVOUR.exec(unameRelease)?.[1]
