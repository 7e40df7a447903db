// Finds packages of a kernel in the lists of an apt archive.

import type { AptPackage } from '../archives/apt/packages.ts'
import { compareVersions } from '../archives/apt/version.ts'
import type { Package } from '../model/probe.ts'

/** `uname -r` of the kernel whose headers a package contains. */
export const unameOf = ({ name }: Pick<Package, 'name'>): string => name.slice('linux-headers-'.length)

/** The first of these names that the archive has in that version. */
export const firstNamed = (
  archive: readonly AptPackage[],
  names: readonly string[],
  version: string,
): AptPackage | undefined =>
  names.flatMap((name) => archive.filter((pkg) => pkg.name === name && pkg.version === version))[0]

/** All packages of that name, newest first. */
export const versionsOf = (archive: readonly AptPackage[], name: string): AptPackage[] =>
  archive.filter((pkg) => pkg.name === name).toSorted((a, b) => compareVersions(b.version, a.version))
