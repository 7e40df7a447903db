// Finds packages in the signed lists of an apt archive.

import type { Arch } from '../../model/probe.ts'
import type { Keep } from '../records.ts'
import { type AptPackage, fetchPackages, type PackagesPorts } from './packages.ts'
import { newest } from './relations.ts'
import { DPKG_ARCH } from './suite.ts'
import type { SuiteReaderOptions } from './suites.ts'

/** @throws {ProbeError} in each method: `mirror-unreachable`, `signature-invalid`, `digest-mismatch`. */
export function aptArchive(
  ports: Omit<PackagesPorts, 'keyring'>,
  { suites, keyring, keep }: Omit<SuiteReaderOptions, 'whose'>,
) {
  const read = async (arch: Arch): Promise<readonly AptPackage[]> => {
    const lists = suites.map((suite) => fetchPackages({ ...ports, keyring }, suite, DPKG_ARCH[arch], keep))
    return (await Promise.all(lists)).flat()
  }
  const reading = new Map<Arch, Promise<readonly AptPackage[]>>()
  /** Calls during a reading share it, so a lookup of many names reads the lists only once. */
  const packages = (arch: Arch): Promise<readonly AptPackage[]> => {
    const begun = reading.get(arch) ?? read(arch).finally(() => reading.delete(arch))
    reading.set(arch, begun)
    return begun
  }
  return {
    packages,
    /** The newest package of that name; `undefined` if the archive has none. */
    find: async (name: string, arch: Arch): Promise<AptPackage | undefined> =>
      newest((await packages(arch)).filter((pkg) => pkg.name === name)),
  }
}

/** Keeps packages with one of these names, or with a name that matches the pattern. */
export function keepOf(names: readonly string[], pattern?: RegExp): Keep {
  const kept = new Set(names)
  return {
    id: [...(pattern === undefined ? [] : [pattern.source]), ...[...kept].sort()].join(' '),
    test: (name) => kept.has(name) || pattern?.test(name) === true,
  }
}
