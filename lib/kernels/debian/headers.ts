// Which header package a Debian kernel's name means, and what that kernel calls itself.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { dependenciesOf, newest, type Relation } from '../../archives/apt/relations.ts'
import type { ProbeError } from '../../model/errors.ts'
import { headersNotFound } from '../refusals.ts'
import { formatRelease, parseRelease } from './names.ts'

/**
 * By package version, as the clients ask, in the first suite that was read and has it; else by the version before its `~`, since falcoctl takes only
 * `\d+\.\d+\.\d+-\d+` out of `uname -v` (its kernelrelease for Debian); else by the running kernel's own name.
 */
export function headersOf(archive: readonly AptPackage[], kernelRelease: string): AptPackage {
  const asked = parseRelease(kernelRelease)
  const kernels = archive.filter(isKernelHeaders)
  const ofFlavour = kernels.filter((p) => asked !== undefined && isOf(p, asked.flavour))
  const found =
    ofFlavour.find(({ version }) => version === asked?.version) ??
    newest(ofFlavour.filter(({ version }) => version.split('~')[0] === asked?.version)) ??
    newest(kernels.filter((p) => unameReleaseOf(p) === kernelRelease))
  if (found !== undefined) return found
  throw notFound(kernelRelease)
}

export const isOf = (p: AptPackage, flavour: string): boolean =>
  parseRelease(unameReleaseOf(p))?.flavour === flavour

/** The packages that make a kernel's build tree with its headers: what flavours share, and the tools. */
export const buildPackagesOf = (headers: AptPackage): Relation[] =>
  dependenciesOf(headers).filter(({ name }) => /^linux-(headers-.*-common(-rt|-rpi)?|kbuild-.*)$/.test(name))

export const notFound = (kernel: string): ProbeError =>
  headersNotFound(
    `Debian's archive has no headers of kernel ${kernel}: it was removed from the archive, or is not in the suites that are configured. Upgrade the host to a kernel that the archive has, or POST the config of this one to /v1/probes.`,
  )

/**
 * As falcoctl asks for it, unless that is the name of another kernel (the same release in another suite, such as
 * `6.12.95-1~bpo12+1` and `6.12.95-1`): then with the full package version. `archive` has these headers.
 */
export function canonicalRelease(archive: readonly AptPackage[], headers: AptPackage): string {
  const flavour = parseRelease(unameReleaseOf(headers))?.flavour ?? ''
  const asked = formatRelease({ version: headers.version.split('~')[0] ?? '', flavour })
  const found = headersOf(archive, asked)
  return found.name === headers.name && found.version === headers.version
    ? asked
    : formatRelease({ version: headers.version, flavour })
}

/** Not a metapackage, nor the part that flavours share: a package of one kernel. */
export const isKernelHeaders = (p: AptPackage): boolean =>
  p.name.startsWith('linux-headers-') &&
  parseRelease(unameReleaseOf(p)) !== undefined &&
  dependenciesOf(p).some(({ name }) => name.startsWith('linux-kbuild-'))

export const unameReleaseOf = ({ name }: AptPackage): string => name.slice('linux-headers-'.length)

/**
 * The package of the very kernel of these headers, `linux-headers-{uname release}`: since 7.x that of the binary alone; the
 * one that hosts have, signed for Secure Boot; else the same before it was signed.
 */
export const imageOf = (
  archive: readonly AptPackage[],
  { name, version }: AptPackage,
): AptPackage | undefined =>
  ['linux-binary-', 'linux-image-']
    .flatMap((prefix) => ['', '-unsigned'].map((suffix) => name.replace('linux-headers-', prefix) + suffix))
    .flatMap((image) => archive.filter((p) => p.name === image && p.version === version))
    .at(0)
