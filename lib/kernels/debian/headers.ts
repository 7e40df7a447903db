// Finds the header package that a Debian kernel's name means, and the kernel's `uname -r`.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { dependenciesOf, newest, type Relation } from '../../archives/apt/relations.ts'
import type { ProbeError } from '../../model/errors.ts'
import { firstNamed, unameOf } from '../deb.ts'
import { headersNotFound } from '../refusals.ts'
import { parseRelease } from './names.ts'

/**
 * Finds the headers by package version, as clients ask, in the first suite that has them. Else by the version
 * before its `~`, because falcoctl takes only `\d+\.\d+\.\d+-\d+` from `uname -v` as the kernel release. Else
 * by `uname -r`.
 * @throws {ProbeError} `headers-not-found`.
 */
export function headersOf(archive: readonly AptPackage[], kernelRelease: string): AptPackage {
  const asked = parseRelease(kernelRelease)
  const kernels = archive.filter(isKernelHeaders)
  const ofFlavour = kernels.filter((p) => flavourOf(p) === asked?.flavour)
  const found =
    ofFlavour.find(({ version }) => version === asked?.version) ??
    newest(ofFlavour.filter(({ version }) => version.split('~')[0] === asked?.version)) ??
    newest(kernels.filter((p) => unameOf(p) === kernelRelease))
  if (found !== undefined) return found
  throw notFound(kernelRelease)
}

/** `undefined` if these are not headers, or not of one kernel. */
export const flavourOf = ({ name }: Pick<AptPackage, 'name'>): string | undefined =>
  name.startsWith('linux-headers-') ? parseRelease(unameOf({ name }))?.flavour : undefined

/** The other packages of a kernel's build tree: headers that flavours share, and build programs. */
export const buildPackagesOf = (headers: AptPackage): Relation[] =>
  dependenciesOf(headers).filter(({ name }) => /^linux-(headers-.*-common(-rt|-rpi)?|kbuild-.*)$/.test(name))

export const notFound = (kernel: string): ProbeError =>
  headersNotFound(
    `Debian's archive has no headers of kernel ${kernel}: it was removed from the archive, or is not in the suites that are configured. Upgrade the host to a kernel that the archive has, or POST the config of this one to /v1/probes.`,
  )

/**
 * Returns the kernel release that falcoctl asks for, which lacks the part after `~`. If that name means
 * another kernel (`6.12.95-1` exists besides `6.12.95-1~bpo12+1`), returns the full package version.
 * `archive` must contain these headers.
 */
export function canonicalRelease(archive: readonly AptPackage[], headers: AptPackage): string {
  const { name, version } = headers
  const flavour = flavourOf(headers) ?? ''
  const asked = `${version.split('~')[0]}-${flavour}`
  const found = headersOf(archive, asked)
  return found.name === name && found.version === version ? asked : `${version}-${flavour}`
}

/** Whether these are the headers of one kernel: not a metapackage, and not the part that flavours share. */
export const isKernelHeaders = (p: AptPackage): boolean =>
  flavourOf(p) !== undefined && dependenciesOf(p).some(({ name }) => name.startsWith('linux-kbuild-'))

/**
 * The image of the kernel of these headers (`linux-headers-{uname release}`): since 7.x `linux-binary-*`,
 * before that `linux-image-*`. Prefers the image signed for Secure Boot, which hosts have, to the unsigned
 * one.
 */
export const imageOf = (
  archive: readonly AptPackage[],
  { name, version }: AptPackage,
): AptPackage | undefined =>
  firstNamed(
    archive,
    ['linux-binary-', 'linux-image-'].flatMap((prefix) =>
      ['', '-unsigned'].map((suffix) => name.replace('linux-headers-', prefix) + suffix),
    ),
    version,
  )
