// Brings the source of a driver version into the inputs bucket, with its digest pinned or on record.

import type { DriverInput } from '../build/decide.ts'
import type { TarHead } from '../formats/tar-stream.ts'
import { checkWhole, type Wanted } from '../formats/whole-archive.ts'
import { keepInput } from '../inputs/inputs.ts'
import { type RecordedArchivePorts, recordedArchive } from '../inputs/recorded-archive.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Probe, Source } from '../model/probe.ts'
import type { DriverVersions } from '../model/settings.ts'

export interface DriverSourcePorts extends RecordedArchivePorts {
  /** The package of that driver version, kept and on record. ProbeError as for `driverSource`. */
  readonly findDriver: (name: string, driverVersion: string) => Promise<Source | undefined>
  /** A folder as a .tar.gz that is the same bytes every time. */
  readonly readDirectory: (path: string) => Promise<Uint8Array>
}

/** Bytes of an archive of driver sources; falcosecurity/libs has 5 MB. */
const MAX_ARCHIVE = 64 * 1024 * 1024

const file =
  (place: RegExp) =>
  ({ type, path }: TarHead): boolean =>
    type === '0' && place.test(path)
const bounds = { format: 'tar.gz', maxBytes: 512 * 1024 * 1024, maxEntries: 50_000 } as const

/** What each recipe begins with (buildspecs/probe/sandbox/): an archive without it is no driver's. */
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
      'source beside it': file(/^(?:usr\/src\/[^/]+\/|[^/]+\/)?[^/]+\.c$/),
    },
  },
}

/** ProbeError `driver-source-not-found`, `digest-mismatch`, `mirror-unreachable`. */
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

/** Once found, a version is what was found then, also when the archive has gone on to the next one. */
async function fromPackage(ports: DriverSourcePorts, name: string, { driverVersion }: Probe): Promise<Found> {
  const found = (await ports.sources.recorded(driverVersion)) ?? (await ports.findDriver(name, driverVersion))
  if (found === undefined)
    throw notFound(driverVersion, `no suite that is configured has ${name} in this version`)
  const archive = { id: driverVersion, ...found, pinned: found.sha256, maxBytes: MAX_ARCHIVE }
  return { ...(await recordedArchive(ports, archive)), format: 'deb' }
}

async function fromArchive(
  ports: DriverSourcePorts,
  { recipe }: DriverVersions,
  { url: template, sha256: pinned }: { url: string; sha256?: string | undefined },
  driverVersion: string,
): Promise<Found> {
  const url = template.replaceAll('{driverVersion}', encodeURIComponent(driverVersion))
  const check = (body: Uint8Array) => checkWhole(body, url, WANTED[recipe])
  const archive = {
    id: driverVersion,
    name: 'driver',
    version: driverVersion,
    url,
    maxBytes: MAX_ARCHIVE,
    ...(pinned === undefined ? { pinned, check } : { pinned }),
  }
  try {
    return { ...(await recordedArchive(ports, archive)), format: 'tar.gz' }
  } catch (error) {
    throw isProbeError(error, 'not-found') ? notFound(driverVersion, `${url} is not there`) : error
  }
}

/** A folder is the operator's own and may change from build to build: what was built from is told by its digest. */
async function fromDirectory(ports: DriverSourcePorts, path: string, driverVersion: string): Promise<Found> {
  const body = await ports.readDirectory(path)
  const sha256 = await keepInput(ports.inputs, body)
  const source = { name: 'driver', version: driverVersion, url: `file:${path}`, sha256 }
  return { source, format: 'tar.gz', bytes: body.length }
}

const notFound = (driverVersion: string, why: string): ProbeError =>
  new ProbeError(
    'driver-source-not-found',
    `the sources of driver version ${driverVersion} were not found: ${why}`,
  )
