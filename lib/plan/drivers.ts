// Finds driver versions in the signed lists of an archive's suites, and stores and records their packages.

import { aptArchive, keepOf } from '../archives/apt/archive.ts'
import type { AptPackage, PackagesPorts } from '../archives/apt/packages.ts'
import { compareVersions } from '../archives/apt/version.ts'
import { DRIVER_KEYRING, type DriverArchive } from '../archives/drivers.ts'
import { ensureInput } from '../inputs/inputs.ts'
import { isProbeError, type ProbeError } from '../model/errors.ts'
import type { Catalogue, Clock, Fetch, Log, Sources, Store } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'
import { CATALOGUE_MILLISECONDS, isRecent } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'

interface DriverSuite {
  readonly suite: string
  find(name: string): Promise<AptPackage | undefined>
}

export interface DriversPorts {
  readonly suites: readonly DriverSuite[]
  readonly inputs: Store
  readonly sources: Sources
  readonly fetch: Fetch
}

/** The packages have architecture `all`: the list of any architecture has them. */
const ARCH = 'x86_64'

export function driverSuites(
  ports: Omit<PackagesPorts, 'keyring'>,
  { mirror, suites, checkValidUntil, ofThePast }: DriverArchive,
  { drivers }: Settings,
): DriverSuite[] {
  const keep = keepOf(packageNames(drivers))
  return suites.map((suite) => {
    const own = { mirror, suite, checkValidUntil, ofThePast }
    const archive = aptArchive(ports, { suites: [own], keyring: DRIVER_KEYRING, keep })
    return { suite, find: (name) => archive.find(name, ARCH) }
  })
}

const packageNames = (drivers: Settings['drivers']): string[] => [
  ...new Set(drivers.flatMap(({ source }) => (source.from === 'package' ? [source.package] : []))),
]

/** The upstream version: without epoch and revision (Debian Policy, 5.6.12). */
const driverVersionOf = ({ version }: AptPackage): string =>
  version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')

/**
 * Stores and records the package of that driver version; `undefined` if no suite has it. Skips suites that
 * cannot be read.
 * @throws {ProbeError} `mirror-unreachable`, `signature-invalid`, `digest-mismatch` if a suite was skipped,
 * and no other suite has it.
 */
export async function findDriver(
  ports: DriversPorts,
  name: string,
  driverVersion: string,
): Promise<Source | undefined> {
  let unread: ProbeError | undefined
  for (const suite of ports.suites) {
    try {
      const found = await suite.find(name)
      if (found !== undefined && driverVersionOf(found) === driverVersion)
        return await keepDriver(ports, found)
    } catch (error) {
      if (!isProbeError(error)) throw error
      unread ??= error
    }
  }
  if (unread !== undefined) throw unread
  return undefined
}

/**
 * Stores the package before its record. After a crash in between, nothing refers to it, and the next reading
 * finds it.
 */
async function keepDriver({ inputs, fetch, sources }: DriversPorts, found: AptPackage): Promise<Source> {
  await ensureInput(inputs, fetch, found)
  const { name, version, url, sha256 } = found
  return sources.record(driverVersionOf(found), { name, version, url, sha256 })
}

export interface ReadDriversPorts extends DriversPorts {
  readonly catalogue: Catalogue
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
}

/** Longer than a reading takes. */
const READING_MILLISECONDS = 120_000

/**
 * Reads all suites and writes the list of driver versions. Keeps earlier versions in the list, because their
 * packages remain stored. A claim prevents parallel readings. It ends when the list is written, or after two
 * minutes; after a crash, the next request then starts a reading.
 * @throws {ProbeError} of a suite, if no suite could be read.
 */
export async function readDrivers(ports: ReadDriversPorts): Promise<void> {
  const { catalogue, settings, now } = ports
  const before = await catalogue.read()
  if (before !== undefined && isRecent(before.readAt, now(), CATALOGUE_MILLISECONDS)) return
  if (!(await catalogue.claim(now(), now() + READING_MILLISECONDS))) return
  const found: string[] = []
  for (const name of packageNames(settings.drivers)) found.push(...(await readPackage(ports, name)))
  const versions = [...new Set([...found, ...(before?.versions ?? [])])].sort((a, b) => compareVersions(b, a))
  await catalogue.write({ versions, readAt: now() })
  ports.log('driver versions read', { versions: versions.join(' ') })
}

async function readPackage(ports: ReadDriversPorts, name: string): Promise<string[]> {
  const versions: string[] = []
  let unread: ProbeError | undefined
  for (const { suite, find } of ports.suites) {
    try {
      const found = await find(name)
      if (found === undefined) continue
      await keepDriver(ports, found)
      versions.push(driverVersionOf(found))
    } catch (error) {
      if (!isProbeError(error)) throw error
      ports.log('suite not read', { suite, why: error.message })
      unread = error
    }
  }
  if (versions.length === 0 && unread !== undefined) throw unread
  return versions
}
