// Which package holds the image of a kernel, to boot it with.

import type { DebianPackage } from '../../archives/apt/packages.ts'
import type { Package } from '../../model/probe.ts'
import type { LoadTestPlan } from '../planner.ts'

/** A part of a plan: without `loadTest` where the archive has no image of the kernel of these headers. */
export function loadTestOf(
  archive: readonly DebianPackage[],
  headers: DebianPackage,
  toolchain: readonly Package[],
): { loadTest?: LoadTestPlan } {
  const image = imageOf(archive, headers)
  return image === undefined ? {} : { loadTest: { image, toolchain } }
}

/**
 * The package of the very kernel of these headers, `linux-headers-{uname release}`: the one that hosts have, signed for
 * Secure Boot, else the same before it was signed.
 */
export const imageOf = (
  archive: readonly DebianPackage[],
  { name, version }: DebianPackage,
): DebianPackage | undefined =>
  ['', '-unsigned']
    .map((suffix) => name.replace('linux-headers-', 'linux-image-') + suffix)
    .flatMap((image) => archive.filter((p) => p.name === image && p.version === version))
    .at(0)
