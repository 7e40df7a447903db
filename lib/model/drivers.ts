// Looks up driver versions in the catalogue, which lists the kinds and the source of each served version.

import * as z from 'zod'
import { commitEntry, noCommit } from './driver-commits.ts'
import { isCommit } from './driver-numbers.ts'
import { ProbeError } from './errors.ts'
import type { Read } from './parse.ts'
import type { Probe } from './probe.ts'
import type { DriverVersions, Settings } from './settings.ts'
import { quote } from './text.ts'

/** Driver versions that an archive's suites contain as packages. */
export const driverCatalogueSchema = z.object({
  /** newest first; a version stays here after it leaves the archive */
  versions: z.array(z.string()),
  /** milliseconds since the epoch */
  readAt: z.number(),
})
export type DriverCatalogue = Read<typeof driverCatalogueSchema>

type Catalogued = Pick<Settings, 'drivers' | 'driverCommits'>

/** Catalogue entry of a driver version. Tests for a commit first, because a commit may look like a package's version. */
export const entryOf = (settings: Catalogued, driverVersion: string): DriverVersions | undefined =>
  isCommit(driverVersion)
    ? commitEntry(settings.driverCommits, driverVersion)
    : settings.drivers.find(({ match }) => new RegExp(`^(?:${match})$`).test(driverVersion))

/** Upstream versions as people misspell them: 7.3.0, v7.3.0, 7.3+driver, 7.3.0-driver. */
const NEARLY = /^v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-+_~.]?driver)?$/

/** ` Did you mean {version}?`, with a leading blank; empty if no upstream version is similar. */
export function didYouMean(settings: Catalogued, driverVersion: string): string {
  const [, major, minor, patch = '0'] = NEARLY.exec(driverVersion) ?? []
  const meant = `${major}.${minor}.${patch}+driver`
  const known = major !== undefined && entryOf(settings, meant)?.source.from !== 'package'
  return known && entryOf(settings, meant) !== undefined && meant !== driverVersion
    ? ` Did you mean ${meant}?`
    : ''
}

/** @throws {ProbeError} `unknown-driver-version`. */
export function driverFor(settings: Catalogued, driverVersion: string): DriverVersions {
  const entry = entryOf(settings, driverVersion)
  if (entry !== undefined) return entry
  if (isCommit(driverVersion)) throw noCommit(settings.driverCommits, driverVersion)
  const known = settings.drivers.map(({ about }) => about).join(', ')
  throw new ProbeError(
    'unknown-driver-version',
    `there is no driver version ${quote(driverVersion)} here.${didYouMean(settings, driverVersion)} Use one of these: ${known} (GET /v1/driver-versions lists them)`,
  )
}

/** @throws {ProbeError} `unsupported-driver-name`, `unsupported-kind`. */
export function checkDriver(
  settings: Catalogued,
  { names, kinds }: DriverVersions,
  probe: Pick<Probe, 'driverName' | 'kind' | 'driverVersion'>,
): void {
  const { driverName, kind, driverVersion } = probe
  if (!names.includes(driverName)) {
    throw new ProbeError(
      'unsupported-driver-name',
      `driver version ${driverVersion} has no driver named ${driverName}.${didYouMean(settings, driverVersion)} Its name is ${names.join(' or ')}: configure the client for that (falcoctl driver config --name ${names[0]}, DRIVER_NAME=${names[0]} for a script)`,
    )
  }
  if (!kinds.includes(kind)) {
    const others = settings.drivers.filter((one) => one.kinds.includes(kind)).map(({ about }) => about)
    const older = others.length === 0 ? '' : `, or a driver version that has one (${others.join(', ')})`
    throw new ProbeError(
      'unsupported-kind',
      `driver version ${driverVersion} has no ${kind} probe. Use its ${kinds.join(' or ')} probe, the modern_bpf engine, which needs none${older}`,
    )
  }
}
