// Finds a kernel's packages in the archive of another distribution that calls itself Debian.

import { keepOf } from '../../archives/apt/archive.ts'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { newest } from '../../archives/apt/relations.ts'
import type { ProbeError } from '../../model/errors.ts'
import { firstNamed } from '../deb.ts'
import { headersNotFound } from '../refusals.ts'
import { OTHERS, type OtherName } from './others.ts'

/** Raspberry Pi OS before 6.6 has one package for all kernels of a firmware. No list names these kernels. */
export const SHARED_HEADERS = 'raspberrypi-kernel-headers'

/** All packages that a plan can name. */
export const OTHER_PACKAGES = keepOf(
  [SHARED_HEADERS],
  /^(?:linux-(?:headers-\d|kbuild-|image-\d(?!.*-dbg$))|(?:proxmox|pve)-(?:headers-\d|kernel-\d(?!.*-(?:dbgsym|template)$)))/,
)

/** `uname -r` of a package's headers; `undefined` if they are not of a kernel of this distribution. */
export function unameOf(other: OtherName, { name }: AptPackage): string | undefined {
  const uname = /^(?:linux|proxmox|pve)-headers-(\d.*)$/.exec(name)?.[1]
  return uname !== undefined && OTHERS[other].uname.test(uname) ? uname : undefined
}

/**
 * Finds headers by `uname -r`, in the newest version; else by the version in `uname -v`.
 * @throws {ProbeError} `headers-not-found`, also if the version has several kernels.
 */
export function otherHeadersOf(
  archive: readonly AptPackage[],
  other: OtherName,
  kernelRelease: string,
): AptPackage {
  const found = kernelsNamed(archive, other, kernelRelease)
  const unames = unamesOf(other, found)
  const headers = newest(found)
  if (headers === undefined) throw notInArchive(other, kernelRelease)
  if (unames.length === 1) return headers
  throw headersNotFound(
    `${kernelRelease} is the version of ${unames.length} kernels of ${OTHERS[other].title}, ${unames.join(' and ')}: falcoctl, and Falco's script since 0.35, leave out which. Ask by what \`uname -r\` says (falcoctl driver install --kernelrelease "$(uname -r)" --kernelversion '#1'), or POST the kernel's config to /v1/probes`,
  )
}

/**
 * The kernel release that falcoctl asks for; if another kernel has the same one, `uname -r`. `archive` must
 * contain these headers.
 */
export function otherCanonical(
  archive: readonly AptPackage[],
  other: OtherName,
  headers: AptPackage,
): string {
  const uname = unameOf(other, headers) ?? ''
  const version = versionAlone(headers)
  const meant = unamesOf(other, kernelsNamed(archive, other, version))
  return meant.length === 1 && meant[0] === uname ? version : uname
}

/** Prefers the exact version to one that only begins with it, such as `6.14.11-5~bpo12+1`. */
function kernelsNamed(archive: readonly AptPackage[], other: OtherName, kernelRelease: string): AptPackage[] {
  const kernels = archive.filter((pkg) => unameOf(other, pkg) !== undefined)
  const named = [
    kernels.filter((pkg) => unameOf(other, pkg) === kernelRelease),
    kernels.filter(({ version }) => version === kernelRelease),
    kernels.filter((pkg) => versionAlone(pkg) === kernelRelease),
  ]
  return named.find(({ length }) => length > 0) ?? []
}

const unamesOf = (other: OtherName, kernels: readonly AptPackage[]): string[] =>
  [...new Set(kernels.flatMap((pkg) => unameOf(other, pkg) ?? []))].sort()

/** The part that clients find in `uname -v`: `6.12.34-1` of `1:6.12.34-1+rpt1~bookworm`. */
const versionAlone = ({ version }: AptPackage): string => /\d+\.\d+\.\d+-\d+/.exec(version)?.[0] ?? version

/** The image of these headers' kernel; the one signed for Secure Boot, if it exists. */
export function otherImageOf(
  archive: readonly AptPackage[],
  { version }: AptPackage,
  uname: string,
): AptPackage | undefined {
  const images = ['proxmox-kernel-', 'pve-kernel-', 'linux-image-'].map((prefix) => prefix + uname)
  // Proxmox's signed image has its own source package, whose version must not have a second dash.
  const signed = firstNamed(archive, [`proxmox-kernel-${uname}-signed`], version.replace('-', '+'))
  return signed ?? firstNamed(archive, images, version)
}

export const notInArchive = (other: OtherName, kernelRelease: string): ProbeError =>
  headersNotFound(
    `the archive of ${OTHERS[other].title} has no headers of kernel ${kernelRelease}: it was removed from the archive, or is not in the suites that are configured (debian.${other} of the settings). Upgrade the host to a kernel that the archive has, or POST the kernel's config to /v1/probes`,
  )
