// Selects a kernel's packages in Ubuntu's archive, by its name and the number of its upload.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { dependenciesOf, newest, releaseOf } from '../../archives/apt/relations.ts'
import { firstNamed, unameOf } from '../deb.ts'
import { headersNotFound } from '../refusals.ts'
import { othersCalled, type UbuntuRelease } from './names.ts'

/**
 * Finds the headers of the kernels that the name may mean, the likeliest first. Two releases may have the
 * same ABI in two uploads, `140` and `140~20.04.1`, built by different compilers. Takes exactly the requested
 * upload; else, because some clients send only `140`, the newest that begins with it. Without `upload`,
 * returns all uploads.
 */
export function kernelsIn(
  archive: readonly AptPackage[],
  release: UbuntuRelease,
  upload?: string,
): readonly AptPackage[] {
  const called = (uname: string): AptPackage[] =>
    archive.filter((p) => p.name === `linux-headers-${uname}` && p.version.startsWith(`${release.abi}.`))
  const own = called(`${release.abi}-${release.flavour}`)
  if (upload === undefined) return own
  const exact = [...own, ...othersCalled(release).flatMap(called)].filter((pkg) => uploadOf(pkg) === upload)
  const begun = newest(own.filter((pkg) => uploadOf(pkg).split('~')[0] === upload))
  return exact.length > 0 || begun === undefined ? exact : [begun]
}

/** The text after the # in the kernel's `uname -v`: `26~22.04.1` of `6.2.0-26.26~22.04.1`. */
export const uploadOf = ({ version }: Pick<AptPackage, 'version'>): string =>
  version.replace(/^[^-]*-\d+\./, '')

/** Headers that flavours share: `linux-headers-6.2.0-26`, `linux-hwe-6.2-headers-6.2.0-34`. */
const SHARED = /^linux-(?:[a-z0-9.-]+-)?headers-\d/

/**
 * Returns the headers and the shared headers that they depend on, in unpacking order. All have the same
 * version, because `Depends` names none.
 * @throws {ProbeError} `headers-not-found`.
 */
export function headersWith(archive: readonly AptPackage[], headers: AptPackage): readonly AptPackage[] {
  const shared = dependenciesOf(headers).filter(({ name }) => SHARED.test(name) && name !== headers.name)
  return [...shared.map(({ name }) => sameVersion(archive, headers, name)), headers]
}

function sameVersion(archive: readonly AptPackage[], headers: AptPackage, name: string): AptPackage {
  const fits = archive.filter((p) => p.name === name && p.version === headers.version)
  const found = fits.find((p) => releaseOf(p) === releaseOf(headers)) ?? fits[0]
  if (found !== undefined) return found
  throw headersNotFound(
    `the archive has ${headers.name} ${headers.version}, but not the ${name} ${headers.version} that it needs`,
  )
}

/** The kernel's image. Prefers the one signed for Secure Boot, which hosts have, to the unsigned one. */
export const imageOf = (archive: readonly AptPackage[], headers: AptPackage): AptPackage | undefined =>
  firstNamed(
    archive,
    ['linux-image-', 'linux-image-unsigned-'].map((prefix) => prefix + unameOf(headers)),
    headers.version,
  )
