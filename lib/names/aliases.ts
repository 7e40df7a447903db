// Maps the names that different clients use for one probe to its canonical name. Pure.

import type { Probe } from '../model/probe.ts'

/** Targets by the os-release IDs that clients use as targets. */
export const TARGET_ALIASES: ReadonlyMap<string, string> = new Map([
  ['rhel', 'redhat'],
  ['rhcos', 'redhat'],
  ['opensuse-leap', 'opensuse'],
  ['opensuse-tumbleweed', 'opensuse'],
  ['opensuse-microos', 'opensuse'],
  ['opensuse-slowroll', 'opensuse'],
  ['archarm', 'arch'],
  ['mariner', 'azurelinux'],
  // Only its userland is 32-bit.
  ['raspbian', 'debian'],
])

/** Targets by VERSION_ID, which Amazon's kernel releases contain. Clients use `amazonlinux` for any other. */
export const AMAZON_TARGETS: ReadonlyMap<string, string> = new Map([
  ['1', 'amazonlinux'],
  ['2', 'amazonlinux2'],
  ['2022', 'amazonlinux2022'],
  ['2023', 'amazonlinux2023'],
])
const AMAZON_RELEASE = /\.amzn(\d+)(?:\.|$)/

export const amazonTarget = (kernelRelease: string): string | undefined =>
  AMAZON_TARGETS.get(AMAZON_RELEASE.exec(kernelRelease)?.[1] ?? '')

/** The leftmost match counts, as in bash and Go: `5.0.0-1028-aws-5.0` and `5.15.0-1009-aws` both give `aws`. */
const UBUNTU_FLAVOUR = /-([a-zA-Z]+)(-.*)?$/

/** A version with a vendor's suffix. The group contains its first digits. */
const WITH_SUFFIX = /^(\d+)(?:[A-Za-z.+~][A-Za-z0-9.+~]*)?-[A-Za-z]+$/
const UBUNTU_SUFFIX = /(?:-Ubuntu)+$/
const DIGITS = /^\d+$/

/** The flavour in a release, by the rule of clients since Falco 0.33. The default is `generic`. */
export const ubuntuFlavour = (kernelRelease: string): string =>
  UBUNTU_FLAVOUR.exec(kernelRelease)?.[1] ?? 'generic'

/** The target of clients from Falco 0.33 to 0.35.0, which kept the text after the flavour: `ubuntu-intel-iotg`. */
export function longUbuntuTarget(kernelRelease: string): string {
  const [, flavour = 'generic', rest = ''] = UBUNTU_FLAVOUR.exec(kernelRelease) ?? []
  return `ubuntu-${flavour}${rest}`
}

/** The probe with its canonical name. */
export function canonical(probe: Probe): Probe {
  const target = canonicalTarget(probe)
  return { ...probe, target, kernelVersion: canonicalVersion(target, probe.kernelVersion) }
}

function canonicalTarget({ target, kernelRelease }: Probe): string {
  switch (target) {
    case 'ubuntu':
    case 'ubuntu-generic':
    case longUbuntuTarget(kernelRelease):
      // Before Falco 0.33, clients knew only aws and generic. The release contains the real flavour.
      return `ubuntu-${ubuntuFlavour(kernelRelease)}`
    case 'amzn':
    case 'amazonlinux':
      // Before Falco 0.35, clients knew only version 2, and used amazonlinux for all others.
      return amazonTarget(kernelRelease) ?? target
    default:
      return TARGET_ALIASES.get(target) ?? target
  }
}

/**
 * Debian counts rebuilds of a package version in `#N`, but falcoctl always writes 1. falcoctl 0.7.0 to 0.7.2 kept the vendor's
 * suffix (`1-photon`, on Ubuntu's relatives `26~22.04.1-Ubuntu`). Later versions keep only the digits, and on Ubuntu everything
 * before the suffix. `26` and `26~22.04.1` stay two names, because both kernels exist.
 */
function canonicalVersion(target: string, version: string): string {
  if (target === 'debian') return DIGITS.test(withoutVendor(version)) ? '1' : version
  if (target.startsWith('ubuntu-')) return version.replace(UBUNTU_SUFFIX, '')
  return withoutVendor(version)
}

const withoutVendor = (version: string): string => version.replace(WITH_SUFFIX, '$1')
