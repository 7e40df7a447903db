// What a host knows of itself, checked: everything that clients have ever made a probe's name of.

import { ProbeError } from '../model/errors.ts'
import type { Arch } from '../model/probe.ts'
import { type OsRelease, parseOsRelease } from './os-release.ts'

export { type OsRelease, parseOsRelease } from './os-release.ts'

/** As a host sends it. */
export interface RawFacts {
  /** text of /etc/os-release */
  readonly osRelease?: string | undefined
  /** `uname -r` */
  readonly release: string
  /** `uname -v` */
  readonly version: string
  /** `uname -m`, or the name that Debian has for it */
  readonly machine: string
  /** text of /etc/VERSION, by which clients tell minikube */
  readonly etcVersion?: string | undefined
  /** md5 of the decompressed kernel config, which loaders before April 2020 asked by */
  readonly configMd5?: string | undefined
}

export interface HostFacts {
  /** `undefined`: the host has no /etc/os-release */
  readonly osRelease: OsRelease | undefined
  readonly unameRelease: string
  readonly unameVersion: string
  readonly machine: Arch
  readonly etcVersion: string | undefined
  /** lower-case hex */
  readonly configMd5: string | undefined
}

const MACHINES: ReadonlyMap<string, Arch> = new Map([
  ['x86_64', 'x86_64'],
  ['amd64', 'x86_64'],
  ['aarch64', 'aarch64'],
  ['arm64', 'aarch64'],
])

/** The kernel's own bound of each field of uname(2) is 64. */
const RELEASE = /^[A-Za-z0-9.+~_-]{1,64}$/
const VERSION = /^[\x20-\x7e]{1,64}$/
const ETC_VERSION = /^[\x20-\x7e]{0,256}$/
const MD5 = /^[0-9a-f]{32}$/

/** ProbeError `malformed`; its message begins with the field. */
export function hostFacts(raw: RawFacts): HostFacts {
  const machine = MACHINES.get(raw.machine.trim())
  if (machine === undefined)
    throw new ProbeError('malformed', `machine: is none of ${[...MACHINES.keys()].join(', ')}`)
  return {
    osRelease: raw.osRelease === undefined ? undefined : parseOsRelease(raw.osRelease),
    unameRelease: field('release', RELEASE, raw.release),
    unameVersion: field('version', VERSION, raw.version),
    machine,
    etcVersion: raw.etcVersion === undefined ? undefined : field('etc-version', ETC_VERSION, raw.etcVersion),
    configMd5: raw.configMd5 === undefined ? undefined : field('config-md5', MD5, raw.configMd5),
  }
}

/** Without the newline that `$(uname -r)` drops and a file upload keeps. */
function field(name: string, grammar: RegExp, value: string): string {
  const trimmed = value.trim()
  if (!grammar.test(trimmed))
    throw new ProbeError('malformed', `${name}: is not of the form ${grammar.source}`)
  return trimmed
}
