// Names a probe's Debian packages, and the list that contains them.

import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { parseRelease } from '../../kernels/debian/names.ts'
import { parseUbuntu } from '../../kernels/ubuntu/names.ts'
import type { Probe } from '../../model/probe.ts'
import { formatSeries, seriesOf } from '../../model/series.ts'
import type { PackageNames } from '../names.ts'

/** True for the distribution's own kernels on hosts with apt. */
export const takes = ({ kind, config, target, kernelRelease }: Probe): boolean =>
  kind === 'kmod' &&
  config === undefined &&
  (target === 'debian' || target.startsWith('ubuntu-')) &&
  seriesOf(kernelRelease) !== undefined

/**
 * One component for each target and series of kernels, e.g. `debian-6.1`, `ubuntu-aws-6.8`. So the newest package in it fits
 * all of its hosts. Backports have components of their own: `debian-6.12-deb12` for 6.12 on bookworm (`6.12.43-1~bpo12+1`),
 * `ubuntu-generic-6.8-22.04` (`53~22.04.1`).
 */
export function componentOf({ target, kernelRelease, kernelVersion }: Probe): string {
  const line = formatSeries(seriesOf(kernelRelease)!)
  const [, debian] = /~(?:bpo|deb)(\d+)/.exec(kernelRelease) ?? []
  const [, ubuntu] = /~(\d\d\.\d\d)/.exec(kernelVersion) ?? []
  const older = target === 'debian' ? debian && `-deb${debian}` : ubuntu && `-${ubuntu}`
  return `${target}-${line}${older ?? ''}`
}

/** Path of the probe's list below the suite. */
export const listPath = (probe: Probe): string =>
  `${componentOf(probe)}/binary-${DPKG_ARCH[probe.arch]}/Packages`

export type DebNames = PackageNames<FlavourNames>

/** Names the package that depends on the newest kernel's probe. */
export interface FlavourNames {
  /** e.g. `falco-probe-cloud-amd64` */
  readonly name: string
  /** kernel version, then driver version, so that packages of a newer driver version replace older ones */
  readonly version: string
}

export function namesOf(probe: Probe, unameRelease: string): DebNames {
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

/** Allowed characters: Debian Policy, 5.6.7. */
const nameOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9+.-]/g, '-')

/** Ubuntu's release contains only the ABI. The kernel version contains the upload. */
function versionOf({ kernelRelease, kernelVersion }: Probe): string {
  const ubuntu = parseUbuntu(kernelRelease)
  if (ubuntu !== undefined) return `${ubuntu.abi}.${kernelVersion}`
  return parseRelease(kernelRelease)?.version ?? kernelRelease.replace(OTHER_FLAVOUR, '').replaceAll('_', '.')
}

/** Flavours of Raspberry Pi OS and Proxmox VE, whose os-release has the ID debian. */
const OTHER_FLAVOUR = /-(rpi-(?:v8|2712)(?:-rt)?|pve)$/

const flavourOf = (unameRelease: string): string | undefined =>
  parseRelease(unameRelease)?.flavour ??
  parseUbuntu(unameRelease)?.flavour ??
  OTHER_FLAVOUR.exec(unameRelease)?.[1]
