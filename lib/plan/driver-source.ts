// Stores the source of a driver version in the inputs bucket. Its digest is pinned, or trusted on first use.

import type { DriverInput } from '../build/decide.ts'
import type { TarHead } from '../formats/tar-stream.ts'
import { checkWhole, type Wanted } from '../formats/whole-archive.ts'
import { keepInput } from '../inputs/inputs.ts'
import { type RecordedArchivePorts, recordedArchive } from '../inputs/recorded-archive.ts'
import { archiveUrl, filledIn } from '../model/driver-archives.ts'
import { isCommit } from '../model/driver-numbers.ts'
import { didYouMean } from '../model/drivers.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { withoutSecrets } from '../model/places.ts'
import type { Probe, Source } from '../model/probe.ts'
import type { DriverVersions, Settings } from '../model/settings.ts'

export interface DriverSourcePorts extends RecordedArchivePorts {
  readonly settings: Pick<Settings, 'drivers' | 'driverArchives' | 'driverCommits'>
  /** Stores and records the package of that driver version. @throws {ProbeError} as for `driverSource`. */
  readonly findDriver: (name: string, driverVersion: string) => Promise<Source | undefined>
  /** Packs a folder as a .tar.gz. The same files always give the same bytes. */
  readonly readDirectory: (path: string) => Promise<Uint8Array>
}

/** Bytes; falcosecurity/libs has 5 MB. */
const MAX_ARCHIVE = 64 * 1024 * 1024

const file =
  (place: RegExp) =>
  ({ type, path }: TarHead): boolean =>
    type === '0' && place.test(path)
const bounds = { format: 'tar.gz', maxBytes: 512 * 1024 * 1024, maxEntries: 50_000 } as const

/** Files that each recipe needs (buildspecs/probe/sandbox/). */
const WANTED: Readonly<Record<DriverVersions['recipe'], Wanted>> = {
  libs: {
    ...bounds,
    entries: {
      'driver/Makefile.in': file(/^(?:[^/]+\/)?driver\/Makefile\.in$/),
      'driver/main.c': file(/^(?:[^/]+\/)?driver\/main\.c$/),
    },
  },
  makefile: {
    ...bounds,
    entries: {
      'Makefile in its first folder': file(/^(?:usr\/src\/[^/]+\/|[^/]+\/)?Makefile$/),
      'source next to it': file(/^(?:usr\/src\/[^/]+\/|[^/]+\/)?[^/]+\.c$/),
    },
  },
}

/** @throws {ProbeError} `driver-source-not-found`, `digest-mismatch`, `mirror-unreachable`. */
export async function driverSource(
  ports: DriverSourcePorts,
  entry: DriverVersions,
  probe: Probe,
): Promise<DriverInput> {
  const { source, recipe } = entry
  switch (source.from) {
    case 'package':
      return { recipe, ...(await fromPackage(ports, source.package, probe)) }
    case 'archive':
      return { recipe, ...(await fromArchive(ports, entry, source, probe.driverVersion)) }
    case 'directory':
      return { recipe, ...(await fromDirectory(ports, source.path, probe.driverVersion)) }
  }
}

type Found = Omit<DriverInput, 'recipe'>

/** A recorded version never changes, and remains after the archive has dropped it. */
async function fromPackage(ports: DriverSourcePorts, name: string, { driverVersion }: Probe): Promise<Found> {
  const found = (await ports.sources.recorded(driverVersion)) ?? (await ports.findDriver(name, driverVersion))
  if (found === undefined)
    throw notFound(
      driverVersion,
      `no suite that is configured has ${name} in this version.${didYouMean(ports.settings, driverVersion)}`,
    )
  const archive = { id: driverVersion, ...found, pinned: found.sha256, maxBytes: MAX_ARCHIVE }
  return { ...(await recordedArchive(ports, archive)), format: 'deb' }
}

type ArchiveSource = Extract<DriverVersions['source'], { from: 'archive' }>

/** Uses the first place that has it. If none has it, and one cannot be read, a later request tries again. */
async function fromArchive(
  ports: DriverSourcePorts,
  { recipe }: DriverVersions,
  source: ArchiveSource,
  driverVersion: string,
): Promise<Found> {
  const urls = await urlsOf(ports, source, driverVersion)
  const unread: ProbeError[] = []
  for (const url of urls) {
    try {
      const archive = archiveAt(url, recipe, source, driverVersion)
      return { ...(await recordedArchive(ports, archive)), format: 'tar.gz' }
    } catch (error) {
      if (isProbeError(error, 'mirror-unreachable')) unread.push(error)
      else if (!isProbeError(error, 'not-found')) throw error
    }
  }
  if (unread.length > 0) throw unreached(driverVersion, unread)
  const places = urls.map(withoutSecrets).join(', ')
  throw notFound(driverVersion, `${places} ${urls.length === 1 ? 'is' : 'are'} not there`)
}

/** URLs in the places of the settings; the place where it was found before comes first. */
async function urlsOf(
  { settings, sources }: DriverSourcePorts,
  { url }: ArchiveSource,
  driverVersion: string,
): Promise<readonly string[]> {
  if (url !== undefined) return [filledIn(url, driverVersion)]
  const places = isCommit(driverVersion) ? settings.driverCommits.archives : settings.driverArchives
  const urls = places.map((place) => archiveUrl(place, driverVersion))
  if (urls.length === 1) return urls
  const before = (await sources.recorded(driverVersion))?.url
  return [...urls.filter((one) => one === before), ...urls.filter((one) => one !== before)]
}

function archiveAt(
  url: string,
  recipe: DriverVersions['recipe'],
  { sha256: pinned }: ArchiveSource,
  driverVersion: string,
): Parameters<typeof recordedArchive>[1] {
  const place = { id: driverVersion, name: 'driver', version: driverVersion, url, maxBytes: MAX_ARCHIVE }
  if (pinned !== undefined) return { ...place, pinned }
  return { ...place, pinned, check: (body) => checkWhole(body, url, WANTED[recipe]) }
}

/** The operator's own folder may change from build to build; the digest identifies the source. */
async function fromDirectory(ports: DriverSourcePorts, path: string, driverVersion: string): Promise<Found> {
  const body = await ports.readDirectory(path)
  const sha256 = await keepInput(ports.inputs, body)
  const source = { name: 'driver', version: driverVersion, url: `file:${path}`, sha256 }
  return { source, format: 'tar.gz', bytes: body.length }
}

const notFound = (driverVersion: string, why: string): ProbeError =>
  new ProbeError(
    'driver-source-not-found',
    `the sources of driver version ${driverVersion} were not found: ${why.replace(/(?<![.?])$/, '.')} Is it the driver version that \`falco --version\` says?`,
  )

function unreached(driverVersion: string, unread: readonly ProbeError[]): ProbeError {
  const setting = isCommit(driverVersion) ? 'driverCommits.archives' : 'driverArchives'
  return new ProbeError(
    'mirror-unreachable',
    `the sources of driver version ${driverVersion} cannot be fetched: ${unread.map(({ message }) => message).join('; ')}. Where this machine has no way there, name a mirror, a folder or a file that has them in ${setting} of the settings (docs/operations.md, "Where driver sources come from")`,
    { cause: unread[0] },
  )
}
