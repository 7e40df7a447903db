// Where the source of a kernel comes from: a distribution's package of it, or an archive in kernel.org's layout.

import { checkWhole, type Wanted } from '../../formats/whole-archive.ts'
import { type RecordedArchivePorts, recordedArchive } from '../../inputs/recorded-archive.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Log } from '../../model/ports.ts'
import type { Arch, Package } from '../../model/probe.ts'
import type { VanillaSettings } from './settings.ts'

export interface SourcePorts extends RecordedArchivePorts {
  readonly log: Log
  /** the newest package of that name in the distribution's signed lists */
  readonly findPackage: (name: string, arch: Arch) => Promise<Package | undefined>
}

/** Above the largest release, with 160 MB. */
const MAX_SOURCE = 256 * 1024 * 1024
/** Of what it unpacks to; that of today has 1.7 GB. */
const MAX_UNPACKED = 4 * 1024 ** 3

/**
 * The source of exactly that version, e.g. `6.1.192`; failing that, the package of the same series, whose structures are
 * mostly the same: the answer says which it was. ProbeError `headers-not-found`.
 */
export async function kernelSource(
  ports: SourcePorts,
  { archive, packages }: VanillaSettings,
  version: string,
  arch: Arch,
): Promise<Package> {
  const fill = filler(version)
  const found = await Promise.all(packages.map((name) => ports.findPackage(fill(name), arch)))
  const ofSeries = found.filter((pkg) => pkg !== undefined)
  const exact = ofSeries.find((pkg) => upstreamOf(pkg.version) === upstreamOf(version))
  if (exact !== undefined) return exact
  const archived = await fromArchive(ports, fill(archive), version)
  if (archived !== undefined) return archived
  const [near] = ofSeries
  if (near !== undefined) return near
  throw new ProbeError(
    'headers-not-found',
    `the source of kernel ${version} was not found, neither as ${packages.map(fill).join(' or ')} nor at ${fill(archive)}`,
  )
}

/** `{major}` 6, `{series}` 6.1, `{version}` 6.1.54; kernel.org calls 6.1.0 just 6.1. */
function filler(version: string) {
  const [major = '', minor = ''] = version.split('.')
  const names: Readonly<Record<string, string>> = {
    major,
    series: `${major}.${minor}`,
    version: version.replace(/^(\d+\.\d+)\.0$/, '$1'),
  }
  return (template: string): string =>
    template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole)
}

/** `6.1.192` of `6.1.192-2~bpo11+1`. */
const upstreamOf = (version: string): string => /^[0-9.]+/.exec(version)?.[0] ?? version

/** By the first lines of its Makefile, which say which version it is. */
function kernelOf(version: string): Wanted {
  const [major, minor, patch = '0'] = version.split('.')
  const says = new RegExp(`^VERSION = ${major}\nPATCHLEVEL = ${minor}\nSUBLEVEL = ${patch}$`, 'm')
  return {
    format: 'tar.xz',
    maxBytes: MAX_UNPACKED,
    maxEntries: 300_000,
    entries: {
      [`Makefile of Linux ${version}`]: ({ path, type, head }) =>
        type === '0' && /^[^/]+\/Makefile$/.test(path) && says.test(Buffer.from(head).toString('latin1')),
    },
  }
}

async function fromArchive(ports: SourcePorts, url: string, version: string): Promise<Package | undefined> {
  const archive = {
    id: `linux-${version}`,
    name: 'linux',
    version,
    url,
    pinned: undefined,
    maxBytes: MAX_SOURCE,
    check: (body: Uint8Array) => checkWhole(body, url, kernelOf(version)),
  }
  try {
    const { source, bytes } = await recordedArchive(ports, archive)
    return { ...source, bytes, format: 'tar.xz' }
  } catch (error) {
    if (!isProbeError(error, 'not-found') && !isProbeError(error, 'mirror-unreachable')) throw error
    ports.log('no archive of the kernel source', { version, url, why: error.message })
    return undefined
  }
}
