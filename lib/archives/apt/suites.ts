// Reads several suites of an archive. If one is missing, packages are still found in the others.

import { isProbeError, ProbeError } from '../../model/errors.ts'
import { limited } from '../../model/limited.ts'
import type { Arch } from '../../model/probe.ts'
import { isRecent } from '../../model/retry.ts'
import { isAway } from '../away.ts'
import type { Keep } from '../records.ts'
import { type AptPackage, fetchPackages, type PackagesPorts } from './packages.ts'
import { DPKG_ARCH, type Suite } from './suite.ts'

/** A suite that its mirror does not have (`not-found`), or whose mirror could not be reached. */
interface Unread {
  readonly suite: Suite
  readonly error: ProbeError
}

/** The packages of the suites that could be read, in reading order, and the other suites. */
export interface Reading {
  readonly packages: readonly AptPackage[]
  readonly unread: readonly Unread[]
}

interface ReadOptions {
  /** suites with a lower rank are read first; suites without a rank are not read */
  readonly rank?: (suite: Suite) => number | undefined
  /** whether these packages decide, so that suites with higher ranks need not be read */
  readonly decides?: (packages: readonly AptPackage[]) => boolean
}

export interface SuiteReaderOptions {
  /** name of the distribution, for messages */
  readonly whose: string
  readonly suites: readonly Suite[]
  /** armored public keys; one of them must have signed each suite */
  readonly keyring: string
  /** selects the packages that can ever be needed */
  readonly keep: Keep
}

/** How long a process reuses the packages that it has read of a suite. */
export const BELIEVED_MILLISECONDS = 60_000

/** Suites that are read in parallel. Reading a complete Debian list takes 40 MB of memory. */
const MAX_AT_ONCE = 4

/** Does not cache failures: after a failed reading, the next call reads the suite again. */
export function suiteReader(
  ports: Omit<PackagesPorts, 'keyring'>,
  { whose, suites, keyring, keep }: SuiteReaderOptions,
) {
  const { now, log } = ports
  const inTurn = limited(MAX_AT_ONCE)
  const readings = new Map<string, { readonly at: number; readonly packages: Promise<AptPackage[]> }>()
  const packagesOf = (suite: Suite, arch: Arch): Promise<AptPackage[]> => {
    // All of it: one suite may be listed twice, with other components.
    const id = JSON.stringify([arch, suite])
    const begun = readings.get(id)
    if (begun !== undefined && isRecent(begun.at, now(), BELIEVED_MILLISECONDS)) return begun.packages
    const packages = inTurn(() => fetchPackages({ ...ports, keyring }, suite, DPKG_ARCH[arch], keep))
    readings.set(id, { at: now(), packages })
    packages.catch(() => readings.delete(id))
    return packages
  }
  const readOne = async (suite: Suite, arch: Arch): Promise<Reading> => {
    try {
      const packages = await packagesOf(suite, arch)
      return { packages: packages.map((pkg) => ({ ...pkg, suite: suite.suite })), unread: [] }
    } catch (error) {
      if (!isAway(error)) throw error
      log('suite not read', { mirror: suite.mirror, suite: suite.suite, why: error.message })
      return { packages: [], unread: [{ suite, error }] }
    }
  }
  return {
    /** @throws {ProbeError} `signature-invalid`, `digest-mismatch`; `mirror-unreachable`: no suite was read. */
    read: async (
      arch: Arch,
      { rank = () => 0, decides = () => false }: ReadOptions = {},
    ): Promise<Reading> => {
      const read: Reading[] = []
      for (const part of byRank(suites, rank)) {
        read.push(...(await Promise.all(part.map((suite) => readOne(suite, arch)))))
        if (decides(read.flatMap(({ packages }) => packages))) break
      }
      const unread = read.flatMap((one) => one.unread)
      const asked = suites.filter((suite) => rank(suite) !== undefined)
      if (asked.length > 0 && unread.length === asked.length) throw nothingRead(whose, unread)
      return { packages: read.flatMap(({ packages }) => packages), unread }
    },
  }
}

const byRank = (suites: readonly Suite[], rank: (suite: Suite) => number | undefined): Suite[][] =>
  [...new Set(suites.map(rank))]
    .filter((one) => one !== undefined)
    .sort((a, b) => a - b)
    .map((one) => suites.filter((suite) => rank(suite) === one))

const nothingRead = (whose: string, unread: readonly Unread[]): ProbeError =>
  new ProbeError(
    'mirror-unreachable',
    `no suite of ${whose} could be read: ${listOf(unread)}. If this stays so, ask the operator to set a mirror that can be read`,
    { cause: unread[0]?.error },
  )

/**
 * Looks for packages in a reading. An error `headers-not-found` of `look` also names the suites that were not
 * read. The registry soon retries it if one of these could not be reached.
 */
export async function lookIn<T>(
  { packages, unread }: Reading,
  look: (archive: readonly AptPackage[]) => T | Promise<T>,
): Promise<T> {
  try {
    return await look(packages)
  } catch (error) {
    throw isProbeError(error, 'headers-not-found') ? refusalOf(error, unread) : error
  }
}

/** Adds these suites to the refusal. If one was not reached, it may have the package: `mirror-unreachable`. */
export function refusalOf(refusal: ProbeError, unread: readonly Unread[]): ProbeError {
  if (unread.length === 0) return refusal
  const reached = unread.every(({ error }) => error.code === 'not-found')
  const message = `${refusal.message} Not read: ${listOf(unread)}`
  return new ProbeError(reached ? refusal.code : 'mirror-unreachable', message, { cause: refusal })
}

const listOf = (unread: readonly Unread[]): string =>
  unread.map(({ suite, error }) => `${suite.suite} (${error.message})`).join(', ')
