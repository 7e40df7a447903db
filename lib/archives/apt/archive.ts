// An apt archive: the packages of its suites that someone asks for, out of the suites' own signed lists.

import type { Arch } from '../../model/probe.ts'
import type { Keep } from '../records.ts'
import { type AptPackage, fetchPackages, type PackagesPorts } from './packages.ts'
import { newest } from './relations.ts'
import { DPKG_ARCH, type Suite } from './suite.ts'

interface AptArchive {
  /** What is kept of all suites. ProbeError `mirror-unreachable`, `signature-invalid`, `digest-mismatch`. */
  packages(arch: Arch): Promise<readonly AptPackage[]>
  /** The newest package of that name; `undefined` when the archive has none. ProbeError as for `packages`. */
  find(name: string, arch: Arch): Promise<AptPackage | undefined>
}

interface AptArchiveOptions {
  readonly suites: readonly Suite[]
  /** armored public keys, one of which must have signed each suite */
  readonly keyring: string
  /** which packages are ever asked for */
  readonly keep: Keep
}

export function aptArchive(
  ports: Omit<PackagesPorts, 'keyring'>,
  { suites, keyring, keep }: AptArchiveOptions,
): AptArchive {
  const read = async (arch: Arch): Promise<readonly AptPackage[]> => {
    const lists = suites.map((suite) => fetchPackages({ ...ports, keyring }, suite, DPKG_ARCH[arch], keep))
    return (await Promise.all(lists)).flat()
  }
  const reading = new Map<Arch, Promise<readonly AptPackage[]>>()
  /** Who asks while the lists are being read waits for that reading: many names at once are one reading. */
  const packages = (arch: Arch): Promise<readonly AptPackage[]> => {
    const begun = reading.get(arch) ?? read(arch).finally(() => reading.delete(arch))
    reading.set(arch, begun)
    return begun
  }
  return {
    packages,
    find: async (name, arch) => newest((await packages(arch)).filter((pkg) => pkg.name === name)),
  }
}

/** Packages of these names, and those whose name the pattern matches. */
export function keepOf(names: readonly string[], pattern?: RegExp): Keep {
  const kept = new Set(names)
  return {
    id: [...(pattern === undefined ? [] : [pattern.source]), ...[...kept].sort()].join(' '),
    test: (name) => kept.has(name) || pattern?.test(name) === true,
  }
}
