// One probe has one canonical name: what different clients write for the same kernel is made one here. Pure.

import type { Probe } from '../model/probe.ts'

/** os-release IDs that clients put into the name, and the target they mean. */
export const TARGET_ALIASES: ReadonlyMap<string, string> = new Map([
  ['rhel', 'redhat'],
  ['rhcos', 'redhat'],
  ['opensuse-leap', 'opensuse'],
  ['opensuse-tumbleweed', 'opensuse'],
  ['opensuse-microos', 'opensuse'],
  ['opensuse-slowroll', 'opensuse'],
  ['archarm', 'arch'],
  ['mariner', 'azurelinux'],
  // Of 32 bits, but for its kernel.
  ['raspbian', 'debian'],
])

/** `amzn` says nothing without VERSION_ID, but every release of Amazon's names its distribution. */
export const AMAZON_TARGETS: ReadonlyMap<string, string> = new Map([
  ['1', 'amazonlinux'],
  ['2', 'amazonlinux2'],
  ['2022', 'amazonlinux2022'],
  ['2023', 'amazonlinux2023'],
])
const AMAZON_RELEASE = /\.amzn(\d+)(?:\.|$)/

export const amazonTarget = (kernelRelease: string): string | undefined =>
  AMAZON_TARGETS.get(AMAZON_RELEASE.exec(kernelRelease)?.[1] ?? '')

/** Leftmost match, as bash and Go find it: `5.0.0-1028-aws-5.0` and `5.15.0-1009-aws` are both `aws`. */
const UBUNTU_FLAVOUR = /-([a-zA-Z]+)(-.*)?$/

const WITH_SUFFIX = /^(\d[A-Za-z0-9.+~]*)-[A-Za-z]+$/
const UBUNTU_SUFFIX = /(?:-Ubuntu)+$/
const LEADING_DIGITS = /^\d+/
const DIGITS = /^\d+$/

/** The flavour that clients take from a release since Falco 0.33: `generic` where there is none. */
export const ubuntuFlavour = (kernelRelease: string): string =>
  UBUNTU_FLAVOUR.exec(kernelRelease)?.[1] ?? 'generic'

/** The target of Falco 0.33 to 0.35.0, which kept what follows the flavour: `ubuntu-intel-iotg`. */
export function longUbuntuTarget(kernelRelease: string): string {
  const [, flavour = 'generic', rest = ''] = UBUNTU_FLAVOUR.exec(kernelRelease) ?? []
  return `ubuntu-${flavour}${rest}`
}

/** The probe by its canonical name; `probe` itself where it has it already. */
export function canonical(probe: Probe): Probe {
  const target = canonicalTarget(probe)
  const kernelVersion = canonicalVersion(target, probe.kernelVersion)
  return target === probe.target && kernelVersion === probe.kernelVersion
    ? probe
    : { ...probe, target, kernelVersion }
}

function canonicalTarget({ target, kernelRelease }: Probe): string {
  switch (target) {
    case 'ubuntu':
    case 'ubuntu-generic':
      // Before Falco 0.33 a client knew aws and generic only; the release has always said which kernel it is.
      return `ubuntu-${ubuntuFlavour(kernelRelease)}`
    case 'amzn':
    case 'amazonlinux':
      // Before Falco 0.35 a client knew 2 only and called everything else amazonlinux.
      return amazonTarget(kernelRelease) ?? target
    default:
      if (target.startsWith('ubuntu-') && target === longUbuntuTarget(kernelRelease))
        return `ubuntu-${ubuntuFlavour(kernelRelease)}`
      return TARGET_ALIASES.get(target) ?? target
  }
}

/**
 * Debian counts rebuilds of one package version in `#N`, and falcoctl always says 1. falcoctl 0.7.0 to 0.7.2
 * left the vendor's word behind the number (`1-photon`, on Ubuntu's relatives `26~22.04.1-Ubuntu`); later ones
 * keep the digits, and on Ubuntu everything before the word. `26` and `26~22.04.1` remain two names: both kernels exist.
 */
function canonicalVersion(target: string, version: string): string {
  if (target === 'debian') return DIGITS.test(withoutVendor(version)) ? '1' : version
  if (target.startsWith('ubuntu-')) return version.replace(UBUNTU_SUFFIX, '')
  return withoutVendor(version)
}

function withoutVendor(version: string): string {
  if (!WITH_SUFFIX.test(version)) return version
  return LEADING_DIGITS.exec(version)?.[0] ?? version
}
