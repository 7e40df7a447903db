// Parses request paths to names of probes, and refuses all other paths. Formats names and keys.

import { isSha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { ARCHES, type ConfigHash, type Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { canonical } from './aliases.ts'
import { malformed, partsOf } from './alphabet.ts'
import { configHashFile, parseConfigHash } from './config-hash.ts'
import { type Companion, type FileFacts, fileOf, parseFile } from './file.ts'
import { archOfRelease, CONFIG, isVersion, type ProbeLayout, repositoryOf } from './layouts.ts'
import { RESERVED } from './routes.ts'

/** A name that contains all properties of a probe. */
export interface ProbeName {
  readonly tag: 'probe'
  readonly layout: ProbeLayout
  /** with its canonical name, as in keys */
  readonly probe: Probe
  /** with the name as written */
  readonly asked: Probe
  /** `undefined`: the probe itself */
  readonly companion: Companion | undefined
}

/** A name that contains kernel and config, but no target. */
export interface ConfigHashName extends ConfigHash {
  readonly tag: 'config-hash'
  readonly layout: 'config-hash'
  readonly companion: Companion | undefined
}

export type Name = ProbeName | ConfigHashName

export const MAX_DRIVER_VERSION = 128
export const DRIVER_VERSION = /^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/

/**
 * Parses a raw request path from the right, in any layout and with any prefix. A gateway may have percent-decoded it once.
 * @throws {ProbeError} `malformed`, and no other error.
 */
export function parse(path: string): Name {
  const { parts: all, escaped } = partsOf(path)
  const first = all.find((part) => part !== '')
  if (first !== undefined && RESERVED.includes(first)) throw malformed(`nothing under /${first} is a probe`)
  if (first === CONFIG) return parseConfigName(all, escaped)
  return parseParts(all, escaped)
}

/** The digest is followed by a name as in any repository, but without another prefix. */
function parseConfigName(all: readonly string[], escaped: boolean): ProbeName {
  const [config = '', ...parts] = all.slice(all.indexOf(CONFIG) + 1)
  if (!isSha256(config)) throw malformed(`${quote(config)} is not the sha256 of a kernel config`)
  const name = parts.length < 4 ? parseParts(parts, escaped) : undefined
  if (name?.tag !== 'probe') throw malformed(`${quote(parts.join('/'))} is not a probe of a submitted kernel`)
  return { ...name, probe: { ...name.probe, config }, asked: { ...name.asked, config } }
}

function parseParts(parts: readonly string[], escaped: boolean): Name {
  const file = parts.at(-1) ?? ''
  const hash = parseConfigHash(file)
  if (hash) return { tag: 'config-hash', layout: 'config-hash', ...hash.facts, companion: hash.companion }
  return parseProbeName(parts, file, escaped)
}

function parseProbeName(parts: readonly string[], file: string, escaped: boolean): ProbeName {
  const { facts, companion } = parseFile(file)
  const folderArch = ARCHES.find((arch) => arch === parts.at(-2))
  const inFolder = folderArch !== undefined
  const [driverVersion = '', folder = ''] = parts.slice(0, inFolder ? -2 : -1).reverse()
  checkVersion(driverVersion, inFolder)
  const asked: Probe = { driverVersion, arch: folderArch ?? archOfRelease(facts.kernelRelease), ...facts }
  const layout = escaped ? 'escaped' : layoutOf(inFolder, folder, facts)
  return { tag: 'probe', layout, probe: canonical(asked), asked, companion }
}

function checkVersion(version: string, inFolder: boolean): void {
  if (version.length > MAX_DRIVER_VERSION || !DRIVER_VERSION.test(version))
    throw malformed(`${quote(version)} is not a driver version`)
  if (!inFolder && !isVersion(version))
    throw malformed(`${quote(version)} is neither an arch (${ARCHES.join(' or ')}) nor a driver version`)
}

function layoutOf(inFolder: boolean, folder: string, { driverName, kind }: FileFacts): ProbeLayout {
  const scap = folder === 'scap-drivers' && driverName === 'scap'
  if (inFolder) return scap ? 'scap' : 'current'
  if (scap) return 'scap-flat'
  if (folder === 'kernel-module' && kind === 'kmod') return folder
  if (folder === 'ebpf-probe' && kind === 'ebpf') return folder
  return 'flat'
}

/** Works like `parse`, for names with a target. @throws {ProbeError} `malformed`; `not-found`: the name has no target. */
export function parseProbe(path: string): ProbeName {
  const name = parse(path)
  if (name.tag === 'probe') return name
  throw new ProbeError('not-found', `the target of the config ${name.configMd5} is unknown here`)
}

/** Index key and object prefix of a probe: its canonical path without the first slash. */
export const keyOf = (probe: Probe): string =>
  `${repositoryOf(probe)}/${probe.driverVersion}/${probe.arch}/${fileOf(probe)}`

/** Index key of a name: `keyOf` its probe, or a key with the digest of its config. */
export const keyOfName = (name: Name): string =>
  name.tag === 'probe' ? keyOf(name.probe) : `config-hash/${configHashFile(name)}`

/** Inverts `keyOfName`. */
export const nameOf = (key: string): Name => parse(`/${key}`)

/** Inverts `keyOf`. */
export const probeOf = (key: string): Probe => parseProbe(`/${key}`).probe

/** The kernel release in a key; `undefined`: the text is not a key of the index. */
export function releaseIn(key: string): string | undefined {
  try {
    const name = nameOf(key)
    return name.tag === 'probe' ? name.probe.kernelRelease : name.unameRelease
  } catch (error) {
    if (error instanceof ProbeError) return undefined
    throw error
  }
}

/** The canonical path, as a URL reference. `+` and `~` need no escapes in a path (RFC 3986, 3.3). */
export const format = (probe: Probe, companion?: Companion): string =>
  `/${keyOf(probe)}${companion === undefined ? '' : `.${companion}`}`
