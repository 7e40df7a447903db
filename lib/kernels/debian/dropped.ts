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
import { limited } from '../../model/limited.ts'
import type { Arch } from '../../model/probe.ts'
import type { PlannerPorts } from '../planner.ts'
import type { TargetSettings } from '../targets.ts'
import { flavourOf } from './headers.ts'
import { parseRelease } from './names.ts'
import { codenameOf } from './suites.ts'

interface Dropped {
  /** all kernel packages of the suite that had this kernel, at that time; absent: not found */
  readonly packages?: readonly AptPackage[] | undefined
  /** why none were found, for the refusal */
  readonly why: string
  /** the service could not be asked */
  readonly isAway?: true
}

/** Limits for one kernel; a complete plan has two minutes. */
const BOUNDS = { requests: 30, bytes: 100 * 1024 * 1024, milliseconds: 45_000 }

/** How long the service is left alone after a failure. */
const LEFT_ALONE_MILLISECONDS = 5 * 60_000

const DAY = 24 * 3_600_000

/** Milliseconds after the headers were first seen. The signed image follows them, and the list follows both. */
const TIMES = [DAY, 0, 7 * DAY]

/**
 * Returns a function that finds a kernel, and returns `isAway` if the service cannot be reached.
 * @throws {ProbeError} in that function: `signature-invalid`, `digest-mismatch`.
 */
export function droppedKernels(
  ports: PlannerPorts & { readonly keyring: string },
  { mode, url }: TargetSettings['debian']['snapshot'],
  keep: Keep,
): (arch: Arch, kernelRelease: string) => Promise<Dropped> {
  const { now, log } = ports
  let failed: { readonly error: ProbeError; readonly until: number } | undefined
  const ask = async (arch: Arch, kernelRelease: string, since: number): Promise<Dropped> => {
    if (now() - since > BOUNDS.milliseconds) return BUSY
    if (failed !== undefined && now() < failed.until) return unreachable(url, failed.error)
    const fetch = boundedFetch(ports.fetch, now, BOUNDS)
    const service = snapshotService({ fetch, now }, url)
    const read = (suite: Suite, at: number): Promise<AptPackage[]> =>
      // Judges signature, Valid-Until and date as of that time.
      fetchPackages({ ...ports, fetch, now: () => at }, suite, DPKG_ARCH[arch], keep)
    try {
      const packages = await lookUp({ service, read, now: now() }, arch, kernelRelease)
      log('dropped kernel looked up', { kernelRelease, arch, found: packages !== undefined })
      return { packages, why: `Debian's snapshot service ${url} has none either.` }
    } catch (error) {
      if (isProbeError(error, 'headers-not-found'))
        return { why: `In Debian's snapshot service ${url} it was not found: ${error.message}.` }
      if (!isProbeError(error, 'mirror-unreachable')) throw error
      log('snapshot service not asked', { url, why: error.message })
      failed = { error, until: now() + LEFT_ALONE_MILLISECONDS }
      return unreachable(url, error)
    }
  }
  // One kernel at a time, so that the load on the service does not grow with the number of requests.
  const inTurn = limited(1)
  return async (arch, kernelRelease) => {
    if (mode === 'off') return OFF
    const since = now()
    return inTurn(() => ask(arch, kernelRelease, since))
  }
}

const OFF: Dropped = {
  why: "Debian's snapshot service, which keeps what the archive dropped, is not asked: the setting debian.snapshot.mode is off.",
}
const BUSY: Dropped = {
  why: "Debian's snapshot service, which keeps what the archive dropped, was being asked about other kernels for too long: ask again.",
  isAway: true,
}
const unreachable = (url: string, error: ProbeError): Dropped => ({
  why: `Debian's snapshot service ${url}, which keeps what the archive dropped, could not be asked: ${error.message}.`,
  isAway: true,
})

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

/** Source packages. Since 2020, older releases get a newer series from one with the series in its name. */
const sourcesOf = (version: string): string[] => ['linux', `linux-${/^\d+\.\d+/.exec(version)?.[0]}`]

/** Finds headers by version and flavour, as clients ask; else by `uname -r`, in the three newest versions. */
async function headersNamed(service: SnapshotService, kernelRelease: string): Promise<readonly Binary[]> {
  const asked = parseRelease(kernelRelease)
  if (asked === undefined) return []
  for (const source of sourcesOf(asked.version)) {
    const found = (await service.binariesOf(source, asked.version)).filter(
      ({ name, version }) => version === asked.version && flavourOf({ name }) === asked.flavour,
    )
    if (found.length > 0) return found.slice(0, 1)
  }
  const own = `linux-headers-${kernelRelease}`
  const versions = (await service.versionsOf(own)).filter(({ name }) => name === own)
  return versions.toSorted((a, b) => compareVersions(b.version, a.version)).slice(0, 3)
}

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
    known.slice(0, 2).flatMap(({ archive, firstSeen }) => {
      const at = Math.min(firstSeen + later, now)
      return suitesFor(archive, version).map((suite) => ({ archive, suite, at }))
    }),
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
