// Finds kernels that Debian's archive has dropped: asks the snapshot service for them, and trusts only the
// signed lists of that time.

import { type AptPackage, fetchPackages } from '../../archives/apt/packages.ts'
import {
  type Binary,
  boundedFetch,
  type Sighting,
  type SnapshotService,
  snapshotService,
} from '../../archives/apt/snapshot.ts'
import { DPKG_ARCH, type Suite } from '../../archives/apt/suite.ts'
import { compareVersions } from '../../archives/apt/version.ts'
import type { Keep } from '../../archives/records.ts'
import { isProbeError, type ProbeError } from '../../model/errors.ts'
import type { Arch } from '../../model/probe.ts'
import type { PlannerPorts } from '../planner.ts'
import type { TargetSettings } from '../targets.ts'
import { parseRelease } from './names.ts'
import { codenameOf } from './suites.ts'

/**
 * `packages`: all kernel packages of the suite that had this kernel, at that time; `undefined`: not found.
 */
interface Dropped {
  readonly packages: readonly AptPackage[] | undefined
  /** why none were found, for the refusal */
  readonly why: string
  /** the service could not be asked */
  readonly isAway?: true
}

interface DroppedKernels {
  /**
   * Returns `isAway` if the service cannot be reached.
   * @throws {ProbeError} `signature-invalid`, `digest-mismatch`.
   */
  find(arch: Arch, kernelRelease: string): Promise<Dropped>
}

/** Limits for one kernel; a complete plan has two minutes. */
const BOUNDS = { requests: 30, bytes: 100 * 1024 * 1024, milliseconds: 45_000 }

/** How long the service is left alone after a failure. */
const LEFT_ALONE_MILLISECONDS = 5 * 60_000

const DAY = 24 * 3_600_000

/**
 * Milliseconds after the headers were first seen. The signed image follows the headers, and the list follows
 * both.
 */
const TIMES = [DAY, 0, 7 * DAY]

export function droppedKernels(
  ports: PlannerPorts,
  { snapshot: { mode, url } }: TargetSettings['debian'],
  { keyring, keep }: { readonly keyring: string; readonly keep: Keep },
): DroppedKernels {
  const { now, log } = ports
  let failed: { readonly error: ProbeError; readonly until: number } | undefined
  let last: Promise<unknown> = Promise.resolve()
  const ask = async (arch: Arch, kernelRelease: string, since: number): Promise<Dropped> => {
    if (now() - since > BOUNDS.milliseconds) return BUSY
    if (failed !== undefined && now() < failed.until) return unreachable(url, failed.error)
    const fetch = boundedFetch(ports.fetch, now, BOUNDS)
    const service = snapshotService({ fetch, now }, url)
    const read = (suite: Suite, at: number): Promise<AptPackage[]> =>
      // Judges signature, Valid-Until and date as of that time.
      fetchPackages({ ...ports, fetch, keyring, now: () => at }, suite, DPKG_ARCH[arch], keep)
    try {
      const packages = await lookUp({ service, read, now: now() }, arch, kernelRelease)
      log('dropped kernel looked up', { kernelRelease, arch, found: packages !== undefined })
      return { packages, why: `Debian's snapshot service ${url} has none either.` }
    } catch (error) {
      if (isProbeError(error, 'headers-not-found'))
        return none(`In Debian's snapshot service ${url} it was not found: ${error.message}.`)
      if (!isProbeError(error, 'mirror-unreachable')) throw error
      log('snapshot service not asked', { url, why: error.message })
      failed = { error, until: now() + LEFT_ALONE_MILLISECONDS }
      return unreachable(url, error)
    }
  }
  /**
   * Looks up one kernel at a time, so that the load on the service does not grow with the number of requests.
   */
  const inTurn = (arch: Arch, kernelRelease: string): Promise<Dropped> => {
    const since = now()
    const turn = last.then(() => ask(arch, kernelRelease, since))
    last = turn.catch(() => undefined)
    return turn
  }
  return { find: mode === 'off' ? async () => OFF : inTurn }
}

const none = (why: string, isAway?: true): Dropped => ({
  packages: undefined,
  why,
  ...(isAway && { isAway }),
})

const OFF = none(
  "Debian's snapshot service, which keeps what the archive dropped, is not asked: the setting debian.snapshot.mode is off.",
)
const BUSY = none(
  "Debian's snapshot service, which keeps what the archive dropped, was being asked about other kernels for too long: ask again.",
  true,
)
const unreachable = (url: string, error: ProbeError): Dropped =>
  none(
    `Debian's snapshot service ${url}, which keeps what the archive dropped, could not be asked: ${error.message}.`,
    true,
  )

interface LookUp {
  readonly service: SnapshotService
  readonly read: (suite: Suite, at: number) => Promise<AptPackage[]>
  readonly now: number
}

/**
 * The kernels of the first suite whose signed list has the headers.
 * @throws {ProbeError} of the service and of each list.
 */
async function lookUp(
  ports: LookUp,
  arch: Arch,
  kernelRelease: string,
): Promise<readonly AptPackage[] | undefined> {
  const { service, now } = ports
  for (const headers of await headersNamed(service, kernelRelease)) {
    const sightings = await service.sightingsOf(headers, DPKG_ARCH[arch])
    for (const place of placesOf(sightings, headers.version, now)) {
      const packages = await listed(ports, place)
      if (packages.some((p) => p.name === headers.name && p.version === headers.version)) return packages
    }
  }
  return undefined
}

/**
 * Names of kernel source packages. Since 2020, older releases get a newer series from a source with the
 * series in its name.
 */
const sourcesOf = (version: string): string[] => ['linux', `linux-${/^\d+\.\d+/.exec(version)?.[0]}`]

/**
 * Finds headers by package version and flavour, as clients ask; else by `uname -r`, in the three newest
 * versions.
 */
async function headersNamed(service: SnapshotService, kernelRelease: string): Promise<readonly Binary[]> {
  const asked = parseRelease(kernelRelease)
  if (asked === undefined) return []
  for (const source of sourcesOf(asked.version)) {
    const found = (await service.binariesOf(source, asked.version)).filter(
      ({ name, version }) => version === asked.version && flavourOf(name) === asked.flavour,
    )
    if (found.length > 0) return found.slice(0, 1)
  }
  const own = `linux-headers-${kernelRelease}`
  const versions = (await service.versionsOf(own)).filter(({ name }) => name === own)
  return versions.toSorted((a, b) => compareVersions(b.version, a.version)).slice(0, 3)
}

const flavourOf = (name: string): string | undefined =>
  name.startsWith('linux-headers-') ? parseRelease(name.slice('linux-headers-'.length))?.flavour : undefined

interface Place {
  readonly archive: string
  readonly suite: string
  readonly at: number
}

/** Likely places first. All of them fit into the limit of requests. */
function placesOf(sightings: readonly Sighting[], version: string, now: number): Place[] {
  const known = sightings
    .filter(({ archive }) => archive === 'debian' || archive === 'debian-security')
    .toSorted((a, b) => a.firstSeen - b.firstSeen)
  return TIMES.flatMap((later) =>
    known.slice(0, 2).flatMap(({ archive, firstSeen }) =>
      suitesFor(archive, version).map((suite) => ({
        archive,
        suite,
        at: Math.min(firstSeen + later, now),
      })),
    ),
  )
}

/** Suites in which a kernel version may have appeared first, in the archive that saw it. */
function suitesFor(archive: string, version: string): string[] {
  const codename = codenameOf(`${version}-amd64`)
  if (archive === 'debian-security') return codename === undefined ? [] : [securityOf(codename)]
  if (codename === undefined) return ['sid']
  if (version.includes('~bpo')) return [`${codename}-backports`]
  return [`${codename}-proposed-updates`, ...(version.includes('~') ? [] : ['sid']), codename]
}

/** Before bullseye, the suite was `{codename}/updates`, and its list named only `{codename}`. */
const securityOf = (codename: string): string =>
  ['jessie', 'stretch', 'buster'].includes(codename) ? `${codename}/updates` : `${codename}-security`

/** Empty if the archive had no such suite at that time. */
async function listed({ service, read }: LookUp, { archive, suite, at }: Place): Promise<AptPackage[]> {
  try {
    return await read(service.suiteAt(archive, suite, at), at)
  } catch (error) {
    if (isProbeError(error, 'not-found')) return []
    throw error
  }
}
