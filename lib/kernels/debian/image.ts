// Which package holds the image of a kernel, to boot it with.

import type { AptPackage } from '../../archives/apt/packages.ts'

/**
 * The package of the very kernel of these headers, `linux-headers-{uname release}`: the one that hosts have, signed for
 * Secure Boot, else the same before it was signed.
 */
export const imageOf = (
  archive: readonly AptPackage[],
  { name, version }: AptPackage,
): AptPackage | undefined =>
  ['', '-unsigned']
    .map((suffix) => name.replace('linux-headers-', 'linux-image-') + suffix)
    .flatMap((image) => archive.filter((p) => p.name === image && p.version === version))
    .at(0)
