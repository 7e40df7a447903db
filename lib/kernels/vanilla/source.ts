// Finds the source of a kernel: in an archive with kernel.org's layout, or in a distribution's package.

import { orAway } from '../../archives/away.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Arch, Package } from '../../model/probe.ts'
import type { Planner } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { type ArchivePorts, signedArchive } from './archive.ts'
import type { VanillaSettings } from './settings.ts'

export interface SourcePorts extends ArchivePorts {
  /**
   * Returns all versions of a package in the distributions' signed lists, newest first for each distribution.
   * @throws {ProbeError} `mirror-unreachable` if none `isIt`, and a list that may have it could not be read.
   */
  readonly findPackages: Required<Planner>['find']
}

export interface WantedSource {
  /** e.g. `6.1.192` */
  readonly version: string
  readonly arch: Arch
  /** the option that reveals a distribution's patches, which only its source packages contain */
  readonly patched?: string | undefined
  /** with `patched`: if no package has that version, uses the archive, although it lacks the patches */
  readonly orArchive?: boolean
}

/** Returns a source of exactly that version; a ProbeError if the place has none or cannot be asked. */
type Place = () => Promise<Package | ProbeError>

/**
 * Finds the source of exactly that version, e.g. `6.1.192`: in the archive, else in a package. Never uses
 * another version, because its structures may differ.
 * @throws {ProbeError} `headers-not-found` if no place has it, `mirror-unreachable` if one of them could not
 * be asked, `signature-invalid`, `too-large`.
 */
export async function kernelSource(
  ports: SourcePorts,
  settings: VanillaSettings,
  wanted: WantedSource,
): Promise<Package> {
  const lacks: ProbeError[] = []
  for (const place of placesOf(ports, settings, wanted)) {
    const found = await place()
    if (!(found instanceof ProbeError)) return found
    ports.log('no such kernel source', { version: wanted.version, why: found.message })
    lacks.push(found)
  }
  throw notHad(wanted, lacks)
}

function placesOf(
  ports: SourcePorts,
  { archive, keys, packages }: VanillaSettings,
  { version, arch, patched, orArchive }: WantedSource,
): readonly Place[] {
  const fill = filler(version)
  const archived: Place = () => orAway(signedArchive(ports, { url: fill(archive), keys, version }))
  const packaged: Place = () => orAway(packageOf(ports, packages.map(fill), version, arch))
  if (patched === undefined) return [archived, packaged]
  return orArchive === true ? [packaged, archived] : [packaged]
}

/** @throws {ProbeError} `not-found`, and the errors of `findPackages`. */
async function packageOf(
  { findPackages }: SourcePorts,
  names: readonly string[],
  version: string,
  arch: Arch,
): Promise<Package> {
  const isIt = (pkg: Package): boolean => sameVersion(upstreamOf(pkg.version), version)
  const found = (await Promise.all(names.map((name) => findPackages(name, arch, isIt)))).flat()
  const exact = found.find(isIt)
  if (exact !== undefined) return exact
  const others = found.map((pkg) => pkg.version).slice(0, 5)
  const beside = others.length === 0 ? '' : ` (there is ${others.join(', ')})`
  throw new ProbeError('not-found', `no package ${names.join(' or ')} is of that version${beside}`)
}

/** Replaces `{major}` (6), `{series}` (6.1) and `{version}` (6.1.54); kernel.org's name of 6.1.0 is 6.1. */
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

/** Removes the distribution's revision: `6.1.192` of `6.1.192-2~bpo11+1`, `6.12-rc3` of `6.12~rc3-1~exp1`. */
const upstreamOf = (version: string): string =>
  version
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace('~rc', '-rc')

function notHad({ version, patched }: WantedSource, lacks: readonly ProbeError[]): ProbeError {
  const why = lacks.map(({ message }) => message).join(', and ')
  const away = lacks.find(({ code }) => code === 'mirror-unreachable')
  if (away !== undefined)
    return new ProbeError(
      'mirror-unreachable',
      `the source of kernel ${version} is not available now: ${why}. No other version is used instead. If this stays so, the operator must let this machine reach that URL, or set a mirror in vanilla.archive of the settings`,
      { cause: away },
    )
  const own =
    patched === undefined
      ? ''
      : `its config has ${patched}, which no kernel of kernel.org has, so it was built from another source; and `
  return headersNotFound(
    `the source of kernel ${version} was not found: ${own}${why}. For a distribution's kernel, submit the URLs of its header packages (kernelurls); for one of your own, have the operator name a mirror with its source (vanilla.archive and vanilla.keys of the settings)`,
  )
}
