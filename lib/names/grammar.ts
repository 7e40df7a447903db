// The grammar of names: every path that is not the name of a probe is refused here.

import { isSha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import type { ConfigHash } from '../model/probe.ts'
import { ARCHES, type Arch, type Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { canonical } from './aliases.ts'
import { malformed, partsOf } from './alphabet.ts'
import { configHashFile, parseConfigHash } from './config-hash.ts'
import { type Companion, type FileFacts, fileOf, parseFile } from './file.ts'
import { archOfRelease, CONFIG, isVersion, type ProbeLayout, repositoryOf } from './layouts.ts'
import { RESERVED } from './routes.ts'

/** A name that says everything about a probe. */
export interface ProbeName {
  readonly tag: 'probe'
  readonly layout: ProbeLayout
  /** by its canonical name: the one that keys are made of */
  readonly probe: Probe
  /** as it was written */
  readonly asked: Probe
  /** `undefined`: the probe itself */
  readonly companion: Companion | undefined
}

/** A name that says which kernel and config, but not which target. */
export interface ConfigHashName extends ConfigHash {
  readonly tag: 'config-hash'
  readonly layout: 'config-hash'
  readonly companion: Companion | undefined
}

export type Name = ProbeName | ConfigHashName

export const MAX_DRIVER_VERSION = 128
const DRIVER_VERSION = /^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/

/**
 * What a raw request path names, percent escapes as the client sent them or decoded once by a gateway, in any
 * layout, behind any prefix. Read from the right. Total: a Name or ProbeError `malformed`.
 */
export function parse(path: string): Name {
  const { parts: all, escaped } = partsOf(path)
  const first = all.find((part) => part !== '')
  if (first !== undefined && RESERVED.includes(first)) throw malformed(`nothing under /${first} is a probe`)
  if (first === CONFIG) return parseConfigName(all, escaped)
  return parseParts(all, escaped)
}

/** Behind the digest, the names are those of any repository; no other prefix may stand there. */
function parseConfigName(all: readonly string[], escaped: boolean): ProbeName {
  const [config = '', ...parts] = all.slice(all.indexOf(CONFIG) + 1)
  if (!isSha256(config)) throw malformed(`${quote(config)} is no sha256 of a kernel config`)
  const name = parts.length < 4 ? parseParts(parts, escaped) : undefined
  if (name?.tag !== 'probe') throw malformed(`${quote(parts.join('/'))} is no probe of a submitted kernel`)
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
  const beside = parts.at(-2) ?? ''
  const inFolder = isArch(beside)
  const driverVersion = (inFolder ? parts.at(-3) : beside) ?? ''
  checkVersion(driverVersion, inFolder)
  const folder = parts.at(inFolder ? -4 : -3) ?? ''
  const asked: Probe = {
    driverVersion,
    arch: inFolder ? beside : archOfRelease(facts.kernelRelease),
    driverName: facts.driverName,
    target: facts.target,
    kernelRelease: facts.kernelRelease,
    kernelVersion: facts.kernelVersion,
    kind: facts.kind,
  }
  const layout = escaped ? 'escaped' : layoutOf(inFolder, folder, facts)
  return { tag: 'probe', layout, probe: canonical(asked), asked, companion }
}

function checkVersion(version: string, inFolder: boolean): void {
  if (version.length > MAX_DRIVER_VERSION || !DRIVER_VERSION.test(version))
    throw malformed(`${quote(version)} is no driver version`)
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

const isArch = (text: string): text is Arch => (ARCHES as readonly string[]).includes(text)

/** As `parse`, for those who need to know which probe. ProbeError `malformed`, `not-found`. */
export function parseProbe(path: string): ProbeName {
  const name = parse(path)
  if (name.tag === 'probe') return name
  throw new ProbeError('not-found', `which target has the config ${name.configMd5} is not known here`)
}

/** Index key and object prefix of a probe: its canonical path, without the first slash. */
export const keyOf = (probe: Probe): string =>
  `${repositoryOf(probe)}/${probe.driverVersion}/${probe.arch}/${fileOf(probe)}`

/** Index key of whatever a name says: `keyOf` its probe, or a key of its own for a config's digest. */
export const keyOfName = (name: Name): string =>
  name.tag === 'probe' ? keyOf(name.probe) : `config-hash/${configHashFile(name)}`

/** The name of a key that `keyOfName` made. */
export const nameOf = (key: string): Name => parse(`/${key}`)

/** The probe of a key that `keyOf` made. */
export const probeOf = (key: string): Probe => parseProbe(`/${key}`).probe

/** The kernel release in a key, or the one that the kernel calls itself by; `undefined` for what is no key of ours. */
export function releaseIn(key: string): string | undefined {
  try {
    const name = nameOf(key)
    return name.tag === 'probe' ? name.probe.kernelRelease : name.unameRelease
  } catch (error) {
    if (error instanceof ProbeError) return undefined
    throw error
  }
}

/** The canonical path, as a URL reference: `+` and `~` are plain characters in a path (RFC 3986, 3.3). */
export const format = (probe: Probe, companion?: Companion): string =>
  `/${keyOf(probe)}${companion === undefined ? '' : `.${companion}`}`
