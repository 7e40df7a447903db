// The catalogue of driver versions: which are served, of what kinds, and from which sources.

import * as z from 'zod'
import { commitEntry, noCommit } from './driver-commits.ts'
import { isCommit } from './driver-numbers.ts'
import { ProbeError } from './errors.ts'
import type { Read } from './parse.ts'
import type { Probe } from './probe.ts'
import type { DriverVersions, Settings } from './settings.ts'

/** Driver versions that were found as packages in the suites of an archive. */
export const driverCatalogueSchema = z.object({
  /** newest first; what was once found stays */
  versions: z.array(z.string()),
  /** milliseconds since the epoch */
  readAt: z.number(),
})
export type DriverCatalogue = Read<typeof driverCatalogueSchema>

type Catalogued = Pick<Settings, 'drivers' | 'driverCommits'>

/** The entry that serves a driver version, if any does. A commit may begin as a version of a package does. */
export const entryOf = (
  { drivers, driverCommits }: Catalogued,
  driverVersion: string,
): DriverVersions | undefined =>
  isCommit(driverVersion)
    ? commitEntry(driverCommits, driverVersion)
    : drivers.find(({ match }) => new RegExp(`^(?:${match})$`).test(driverVersion))

/** ProbeError `unknown-driver-version`. */
export function driverFor(settings: Catalogued, driverVersion: string): DriverVersions {
  const entry = entryOf(settings, driverVersion)
  if (entry !== undefined) return entry
  if (isCommit(driverVersion)) throw noCommit(settings.driverCommits, driverVersion)
  const known = settings.drivers.map(({ about }) => about).join(', ')
  throw new ProbeError(
    'unknown-driver-version',
    `no sources of driver version ${driverVersion} are known here, only of ${known}`,
  )
}

/** ProbeError `unsupported-driver-name`, `unsupported-kind`. */
export function checkDriver(
  { names, kinds }: DriverVersions,
  probe: Pick<Probe, 'driverName' | 'kind' | 'driverVersion'>,
): void {
  const of = `driver version ${probe.driverVersion}`
  if (!names.includes(probe.driverName)) {
    throw new ProbeError(
      'unsupported-driver-name',
      `${of} is built as ${names.join(' or ')}, not as ${probe.driverName}`,
    )
  }
  if (!kinds.includes(probe.kind)) {
    throw new ProbeError('unsupported-kind', `${of} is built as ${kinds.join(' or ')}, not as ${probe.kind}`)
  }
}
