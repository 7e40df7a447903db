// Converts a probe's kernel to its repository and tag in an image registry, and back.
// Allowed characters: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests

import { isProbeError } from '../../model/errors.ts'
import { ARCHES, DRIVER_NAMES, type DriverName, KINDS, type Probe } from '../../model/probe.ts'
import { fileOf, parseFile } from '../../names/file.ts'
import { keyOf, MAX_DRIVER_VERSION } from '../../names/grammar.ts'

/** `probes`: artifacts with probes as files. `modules`: images with kernel modules, at the path that cluster operators expect. */
export const SHAPES = ['probes', 'modules'] as const
export type Shape = (typeof SHAPES)[number]

/** The repository of all probes, or all modules, of one driver version: `probes/falco/11.0.0_driver`. */
export interface Repository {
  readonly shape: Shape
  readonly driverName: DriverName
  readonly driverVersion: string
}

/** The meaning of a tag: one driver and kernel, in every arch and kind. */
export type KernelOf = Omit<Probe, 'arch' | 'kind' | 'config'>

/** Longest name of a repository. Clients add the name of the host, with some 60 characters, and limit the sum. */
const MAX_REPOSITORY = 190
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/**
 * Whether the probe gets a tag. Submitted kernels get none, because their number has no limit. Neither do probes whose tag
 * would be too long or begin with a wrong character.
 */
export const hasName = (probe: Probe): boolean =>
  probe.config === undefined &&
  TAG.test(tagOf(probe)) &&
  repositoryOf({ shape: 'modules', ...probe }).length <= MAX_REPOSITORY

export const repositoryOf = ({ shape, driverName, driverVersion }: Repository): string =>
  `${shape}/${driverName}/${versionPart(driverVersion)}`

/** The probe's file name without driver name and extension, with `+` and `~` escaped. */
export const tagOf = (kernel: KernelOf): string =>
  fileOf({ ...kernel, kind: 'kmod' })
    .slice(kernel.driverName.length + 1, -'.ko'.length)
    .replaceAll('+', '..p')
    .replaceAll('~', '..t')

/** `undefined`: no such repository can exist. */
export function repositoryIn(name: string): Repository | undefined {
  const [shape, driverName, part = '', ...more] = name.split('/')
  const known = SHAPES.find((one) => one === shape)
  const driver = DRIVER_NAMES.find((one) => one === driverName)
  const driverVersion = versionIn(part)
  if (known === undefined || driver === undefined || driverVersion === undefined || more.length > 0)
    return undefined
  return { shape: known, driverName: driver, driverVersion }
}

/** `undefined`: no probe can have this tag. */
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

/** Keys of all probes of a tag. The client's default comes first. */
export const keysOf = (kernel: KernelOf): string[] =>
  KINDS.flatMap((kind) => ARCHES.map((arch) => keyOf({ ...kernel, arch, kind })))

const isPlain = (c: string | undefined): boolean => c !== undefined && /[a-z0-9]/.test(c)
/** How to write a separator between two plain characters. */
const BETWEEN: Readonly<Record<string, string>> = { '.': '.', '-': '-', '+': '_' }
/** Prefix for versions that do not begin with a plain character. `__00` escapes a character that no version contains. */
const FIRST = '0__00'

/** `11.0.0+driver` becomes `11.0.0_driver`. Other characters become `__` and two hex digits. */
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
