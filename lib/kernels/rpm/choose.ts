// Selects a kernel's packages from the packages of its repositories.

import type { ListedRpm } from '../../archives/rpm/primary.ts'
import type { Package } from '../../model/probe.ts'
import type { WantedRpm } from './packages.ts'
import type { RpmKernel, RpmRow } from './row.ts'

/** Finds the headers by the row's names, in their order; of several rebuilds, takes the last one. */
export function headersIn(row: RpmRow, list: readonly ListedRpm[], kernel: RpmKernel): ListedRpm | undefined {
  const own = list
    .filter(({ arch, version }) => arch === kernel.arch && version === kernel.version)
    .filter(({ release }) => isRelease(row, release, kernel))
    .toSorted(byRelease)
  return row.headers(kernel).flatMap((name) => own.findLast((pkg) => pkg.name === name) ?? [])[0]
}

const isRelease = ({ counted }: RpmRow, release: string, kernel: RpmKernel): boolean =>
  release === kernel.release ||
  (counted === true && new RegExp(`^${kernel.release.replaceAll('.', '\\.')}\\.\\d+$`).test(release))

const byRelease = (a: ListedRpm, b: ListedRpm): number =>
  a.release.localeCompare(b.release, 'en', { numeric: true })

/** Other headers that these depend on in exactly one version: SUSE's need those that all flavours share. */
export const companionsOf = (list: readonly ListedRpm[], { needs, name }: ListedRpm): ListedRpm[] =>
  needs.flatMap((need) => {
    const isIt = (pkg: ListedRpm): boolean => `${pkg.name} ${pkg.version}-${pkg.release}` === need
    return list.find((pkg) => isIt(pkg) && pkg.name !== name && pkg.name.endsWith('-devel')) ?? []
  })

export const wantedOf = ({ name, version, release, arch, url, bytes, sha256 }: ListedRpm): WantedRpm => ({
  name,
  version: `${version}-${release}.${arch}`,
  url,
  bytes,
  sha256,
})

/** Does not fetch the package: `bringRpm` verifies it before a load test boots it. */
export function imageIn(
  row: RpmRow,
  list: readonly ListedRpm[],
  kernel: RpmKernel,
  target: string,
): Package | undefined {
  const found = headersIn({ ...row, headers: row.images }, list, kernel)
  if (found?.sha256 === undefined) return undefined
  return { ...wantedOf(found), sha256: found.sha256, format: 'rpm', signedFor: target }
}
