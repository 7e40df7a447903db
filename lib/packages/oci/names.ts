// Names of images: which repository and tag a probe's kernel has in a registry of images, and back.
// What they may be made of: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests

import { isProbeError } from '../../model/errors.ts'
import { ARCHES, DRIVER_NAMES, type DriverName, KINDS, type Probe } from '../../model/probe.ts'
import { fileOf, parseFile } from '../../names/file.ts'
import { keyOf, MAX_DRIVER_VERSION } from '../../names/grammar.ts'

/** `probes`: the probes themselves, as files. `modules`: kernel modules in images, where a cluster's operator looks for them. */
export const SHAPES = ['probes', 'modules'] as const
export type Shape = (typeof SHAPES)[number]

/** All probes of one driver version, or all its modules: `probes/falco/11.0.0_driver`. */
export interface Repository {
  readonly shape: Shape
  readonly driverName: DriverName
  readonly driverVersion: string
}

/** What a tag stands for: every arch and kind of one driver for one kernel. */
export type KernelOf = Omit<Probe, 'arch' | 'kind' | 'config'>

/** Of a whole name; clients count the host into it, which has some 60. */
const MAX_REPOSITORY = 190
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/**
 * Whether such a probe has a name: not one of a kernel that a host submitted, of which there may be any number; nor one whose
 * name is too long for a tag, or begins as no tag may.
 */
export const hasName = (probe: Probe): boolean =>
  probe.config === undefined &&
  TAG.test(tagOf(probe)) &&
  repositoryOf({ shape: 'modules', ...probe }).length <= MAX_REPOSITORY

export const repositoryOf = ({ shape, driverName, driverVersion }: Repository): string =>
  `${shape}/${driverName}/${versionPart(driverVersion)}`

/** The file name of the probe without its driver's name and its ending, in the alphabet of tags. */
export const tagOf = (kernel: KernelOf): string =>
  fileOf({ ...kernel, kind: 'kmod' })
    .slice(kernel.driverName.length + 1, -'.ko'.length)
    .replaceAll('+', '..p')
    .replaceAll('~', '..t')

/** `undefined`: there is no such repository, whatever is published. */
export function repositoryIn(name: string): Repository | undefined {
  const [shape, driverName, part = '', ...more] = name.split('/')
  const known = SHAPES.find((one) => one === shape)
  const driver = DRIVER_NAMES.find((one) => one === driverName)
  const driverVersion = versionIn(part)
  if (known === undefined || driver === undefined || driverVersion === undefined || more.length > 0)
    return undefined
  return { shape: known, driverName: driver, driverVersion }
}

/** `undefined`: no probe has such a tag. */
export function kernelIn({ driverName, driverVersion }: Repository, tag: string): KernelOf | undefined {
  const text = tag.replaceAll(/\.\.([pt])/g, (_, letter: string) => (letter === 'p' ? '+' : '~'))
  try {
    const { kind: _, ...facts } = parseFile(`${driverName}_${text}.ko`).facts
    const kernel = { ...facts, driverVersion }
    return facts.driverName === driverName && TAG.test(tag) && tagOf(kernel) === tag ? kernel : undefined
  } catch (error) {
    if (isProbeError(error, 'malformed')) return undefined
    throw error
  }
}

/** The keys of all that a tag of that repository may hold; those first that are chosen where a client does not say. */
export const keysOf = (kernel: KernelOf): string[] =>
  KINDS.flatMap((kind) => ARCHES.map((arch) => keyOf({ ...kernel, arch, kind })))

const isPlain = (c: string | undefined): boolean => c !== undefined && /[a-z0-9]/.test(c)
/** What a part of a name may have between two of those. */
const BETWEEN: Readonly<Record<string, string>> = { '.': '.', '-': '-', '+': '_' }
/** Of a version that does not begin with one of those: the escape of what no version holds, behind what must come first. */
const FIRST = '0__00'

/** All else is `__` and two hex digits: `11.0.0+driver` is `11.0.0_driver`. */
function versionPart(version: string): string {
  const written = [...version].map((c, i) => {
    if (isPlain(c)) return c
    const between = isPlain(version[i - 1]) && isPlain(version[i + 1]) ? BETWEEN[c] : undefined
    return between ?? `__${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `${isPlain(version[0]) ? '' : FIRST}${written.join('')}`
}

function versionIn(part: string): string | undefined {
  const text = part.startsWith(`${FIRST}__`) ? part.slice(FIRST.length) : part
  const version = text.replaceAll(/__([0-9a-f]{2})|_/g, (_, hex: string | undefined) =>
    hex === undefined ? '+' : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  const isVersion = version.length <= MAX_DRIVER_VERSION && /^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/.test(version)
  return isVersion && versionPart(version) === part ? version : undefined
}
