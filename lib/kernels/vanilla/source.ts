// Where the source of a kernel comes from: an archive in kernel.org's layout, or a distribution's package of it.

import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Arch, Package } from '../../model/probe.ts'
import { type ArchivePorts, signedArchive } from './archive.ts'
import type { VanillaSettings } from './settings.ts'

export interface SourcePorts extends ArchivePorts {
  /** each version of that package in the distributions' signed lists, those of one distribution newest first */
  readonly findPackages: (name: string, arch: Arch) => Promise<readonly Package[]>
}

/**
 * The source of exactly that version, e.g. `6.1.192`: the archive's, and where it cannot be had there, a package's. Never
 * that of a version beside it, whose structures may differ. ProbeError `headers-not-found` where there is none,
 * `mirror-unreachable` where there may be one later, `signature-invalid`, `too-large`.
 */
export async function kernelSource(
  ports: SourcePorts,
  { archive, keys, packages }: VanillaSettings,
  version: string,
  arch: Arch,
): Promise<Package> {
  const fill = filler(version)
  const names = packages.map(fill)
  const archived = await fromArchive(ports, { url: fill(archive), keys, version })
  if (!(archived instanceof ProbeError)) return archived
  ports.log('no archive of the kernel source', { version, why: archived.message })
  const found = (await Promise.all(names.map((name) => ports.findPackages(name, arch)))).flat()
  const exact = found.find((pkg) => sameVersion(upstreamOf(pkg.version), version))
  if (exact !== undefined) return exact
  throw notHad(version, archived, names, found)
}

/** `{major}` 6, `{series}` 6.1, `{version}` 6.1.54; kernel.org calls 6.1.0 just 6.1. */
function filler(version: string) {
  const [major = '', minor = ''] = version.split('.')
  const names: Readonly<Record<string, string>> = {
    major,
    series: `${major}.${minor}`,
    version: short(version),
  }
  return (template: string): string =>
    template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole)
}

const short = (version: string): string => version.replace(/^(\d+\.\d+)\.0(?=$|-)/, '$1')
const sameVersion = (a: string, b: string): boolean => short(a) === short(b)

/** `6.1.192` of `6.1.192-2~bpo11+1`, `6.12-rc3` of `6.12~rc3-1~exp1`: without the distribution's own revision. */
const upstreamOf = (version: string): string =>
  version
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace('~rc', '-rc')

/** The ProbeError, where it says that the archive does not have it or cannot be reached. */
async function fromArchive(
  ports: SourcePorts,
  archive: Parameters<typeof signedArchive>[1],
): Promise<Package | ProbeError> {
  try {
    return await signedArchive(ports, archive)
  } catch (error) {
    if (isProbeError(error, 'not-found') || isProbeError(error, 'mirror-unreachable')) return error
    throw error
  }
}

function notHad(
  version: string,
  archived: ProbeError,
  names: readonly string[],
  found: readonly Package[],
): ProbeError {
  const others = found.map((pkg) => pkg.version).slice(0, 5)
  const beside = others.length === 0 ? '' : ` (there is ${others.join(', ')})`
  const why = `${archived.message}, and no package ${names.join(' or ')} is of that version${beside}`
  return archived.code === 'not-found'
    ? new ProbeError(
        'headers-not-found',
        `the source of kernel ${version} was not found: ${why}. For a distribution's kernel, submit the URLs of its header packages (kernelurls); for one of your own, have the operator name a mirror with its source (vanilla.archive and vanilla.keys of the settings)`,
      )
    : new ProbeError(
        'mirror-unreachable',
        `the source of kernel ${version} cannot be had at this time: ${why}. Nothing is built from another version: it is tried again by itself. Can this machine reach that place? A mirror of it is named by vanilla.archive of the settings`,
        { cause: archived },
      )
}
