// Brings the source of a driver version into the inputs bucket, with its digest pinned or on record.

import type { DriverInput } from '../build/start.ts'
import { ensureInput, keepInput } from '../inputs/inputs.ts'
import { type RecordedArchivePorts, recordedArchive } from '../inputs/recorded-archive.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Package, Probe } from '../model/probe.ts'
import type { DriverVersions } from '../model/settings.ts'

export interface DriverSourcePorts extends RecordedArchivePorts {
  /** The newest Debian package of that name. */
  readonly findPackage: (name: string, arch: Probe['arch']) => Promise<Package | undefined>
  /** A folder as a .tar.gz that is the same bytes every time. */
  readonly readDirectory: (path: string) => Promise<Uint8Array>
}

/** Bytes of an archive of driver sources; falcosecurity/libs has 5 MB. */
const MAX_ARCHIVE = 64 * 1024 * 1024

/** ProbeError `driver-source-not-found`, `digest-mismatch`, `mirror-unreachable`. */
export async function driverSource(
  ports: DriverSourcePorts,
  entry: DriverVersions,
  probe: Probe,
): Promise<DriverInput> {
  const { source, recipe } = entry
  switch (source.from) {
    case 'debian-package':
      return { recipe, ...(await fromPackage(ports, source.package, probe)) }
    case 'archive':
      return { recipe, ...(await fromArchive(ports, source, probe.driverVersion)) }
    case 'directory':
      return { recipe, ...(await fromDirectory(ports, source.path, probe.driverVersion)) }
  }
}

type Found = Omit<DriverInput, 'recipe'>

async function fromPackage(
  ports: DriverSourcePorts,
  name: string,
  { driverVersion, arch }: Probe,
): Promise<Found> {
  const found = await ports.findPackage(name, arch)
  // The package version is the driver version, and Debian's revision behind it.
  if (found === undefined || found.version.replace(/-[^-]*$/, '') !== driverVersion) {
    throw notFound(
      driverVersion,
      `Debian's archive has ${found === undefined ? 'no' : found.version} ${name}`,
    )
  }
  await ensureInput(ports.inputs, ports.fetch, found)
  const { version, url, sha256, bytes } = found
  return { source: { name, version, url, sha256 }, format: 'deb', bytes }
}

async function fromArchive(
  ports: DriverSourcePorts,
  { url: template, sha256: pinned }: { url: string; sha256?: string | undefined },
  driverVersion: string,
): Promise<Found> {
  const url = template.replaceAll('{driverVersion}', encodeURIComponent(driverVersion))
  const archive = {
    id: driverVersion,
    name: 'driver',
    version: driverVersion,
    url,
    pinned,
    maxBytes: MAX_ARCHIVE,
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
