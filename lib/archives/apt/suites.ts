// Reads many suites of an archive, so that a missing suite does not fail what another one has.

import { isProbeError, ProbeError } from '../../model/errors.ts'
import { limited } from '../../model/limited.ts'
import type { Arch } from '../../model/probe.ts'
import { isRecent } from '../../model/retry.ts'
import { isAway } from '../away.ts'
import type { Keep } from '../records.ts'
import { type AptPackage, fetchPackages, type PackagesPorts } from './packages.ts'
import { DPKG_ARCH, type Suite } from './suite.ts'

/** A suite that its mirror does not have (`not-found`), or that could not be reached. */
interface Unread {
  readonly suite: Suite
  readonly error: ProbeError
}

/** What could be read of the suites, in the order in which they were read. */
export interface Reading {
  readonly packages: readonly AptPackage[]
  readonly unread: readonly Unread[]
}

interface ReadOptions {
  /** suites of a lower rank are read before the others; those of none are not read */
  readonly rank?: (suite: Suite) => number | undefined
  /** whether what was read decides, whatever the suites of higher ranks have */
  readonly decides?: (packages: readonly AptPackage[]) => boolean
}

interface SuiteReader {
  /**
   * @throws {ProbeError} `signature-invalid`, `digest-mismatch` of any suite that was read; `mirror-unreachable` where none
   * could be.
   */
  read(arch: Arch, options?: ReadOptions): Promise<Reading>
}

export interface SuiteReaderOptions {
  /** whose archive it is, for messages */
  readonly whose: string
  readonly suites: readonly Suite[]
  /** armored public keys, one of which must have signed each suite */
  readonly keyring: string
  /** which packages are ever asked for */
  readonly keep: Keep
}

/** For so long what one process has read of a suite is what the suite has. */
export const BELIEVED_MILLISECONDS = 60_000

/** Suites read at one time: the list of a whole Debian takes 40 MB while it is read. */
const MAX_AT_ONCE = 4

/** A reading that failed is forgotten: who asks next has the suite read again. */
export function suiteReader(
  ports: Omit<PackagesPorts, 'keyring'>,
  { whose, suites, keyring, keep }: SuiteReaderOptions,
): SuiteReader {
  const { now, log } = ports
  const inTurn = limited(MAX_AT_ONCE)
  const readings = new Map<string, { readonly at: number; readonly packages: Promise<AptPackage[]> }>()
  const packagesOf = (suite: Suite, arch: Arch): Promise<AptPackage[]> => {
    const id = `${arch} ${suite.mirror} ${suite.suite}`
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
    read: async (arch, { rank = () => 0, decides = () => false } = {}) => {
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
    `no suite of ${whose} could be read: ${listOf(unread)}. If it stays so, have the operator name another mirror`,
    { cause: unread[0]?.error },
  )

/**
 * What `look` finds in a reading. What it does not find may be in a suite that could not be reached: then its
 * `headers-not-found` names those suites, and the registry asks again soon.
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

/** The refusal with the suites that were not read; `mirror-unreachable` where one of them may have what is missing. */
export function refusalOf(refusal: ProbeError, unread: readonly Unread[]): ProbeError {
  if (unread.length === 0) return refusal
  const reached = unread.every(({ error }) => error.code === 'not-found')
  const message = `${refusal.message} Not read: ${listOf(unread)}`
  return new ProbeError(reached ? refusal.code : 'mirror-unreachable', message, { cause: refusal })
}

const listOf = (unread: readonly Unread[]): string =>
  unread.map(({ suite, error }) => `${suite.suite} (${error.message})`).join(', ')
