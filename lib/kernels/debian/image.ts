// Which package holds the image of a kernel, to boot it with.

import type { AptPackage } from '../../archives/apt/packages.ts'

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
