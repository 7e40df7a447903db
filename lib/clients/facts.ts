// Validates the facts of a host from which clients compute the name of a probe.

import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Arch } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { type OsRelease, parseOsRelease } from './os-release.ts'

/** The facts as the host sends them. */
export interface RawFacts {
  /** text of /etc/os-release */
  readonly osRelease?: string | undefined
  /** `uname -r` */
  readonly release: string
  /** `uname -v` */
  readonly version: string
  /** `uname -m`, or Debian's name for it */
  readonly machine: string
  /** text of /etc/VERSION; clients recognize minikube by it */
  readonly etcVersion?: string | undefined
  /** md5 of the decompressed kernel config; names from before April 2020 contain it */
  readonly configMd5?: string | undefined
}

/** An optional fact that is unusable and therefore ignored. */
export interface IgnoredFact {
  readonly field: 'os-release' | 'etc-version' | 'proc-version'
  /** human-readable: the fault and its consequence */
  readonly why: string
}

export interface HostFacts {
  /** `undefined`: /etc/os-release is missing or unusable */
  readonly osRelease: OsRelease | undefined
  readonly unameRelease: string
  readonly unameVersion: string
  readonly machine: Arch
  readonly etcVersion: string | undefined
  /** lower-case hex */
  readonly configMd5: string | undefined
  readonly ignored: readonly IgnoredFact[]
}

/** Describes each required fact: the command that prints it, and an example. */
export const NEEDED = {
  release: 'what uname -r prints, such as 6.1.0-56-amd64: letters, digits and . + ~ _ -, at most 64 of them',
  version:
    'what uname -v prints, such as #1 SMP Debian 6.1.192-2 (2026-09-30): one line of at most 64 characters',
  machine: 'what uname -m prints, such as x86_64 or aarch64',
} as const

const MACHINES: ReadonlyMap<string, Arch> = new Map([
  ['x86_64', 'x86_64'],
  ['amd64', 'x86_64'],
  ['aarch64', 'aarch64'],
  ['arm64', 'aarch64'],
])

/** The kernel limits each field of uname(2) to 64 characters. */
const RELEASE = /^[A-Za-z0-9.+~_-]{1,64}$/
/** The builder of a kernel chooses this text. It may contain UTF-8. */
const VERSION = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$/u
const ETC_VERSION = /^[\x20-\x7e]{0,256}$/
/** `v1.26.0`: marks a host as minikube. */
const NUMBERS = /\d+\.\d+\.\d+/
const MD5 = /^[0-9a-f]{32}$/

/** Ignores unusable optional facts. @throws {ProbeError} `malformed`: the message begins with an unusable required field. */
export function hostFacts(raw: RawFacts): HostFacts {
  const ignored: IgnoredFact[] = []
  return {
    unameRelease: needed('release', raw.release, (text) => (RELEASE.test(text) ? text : undefined)),
    unameVersion: needed('version', raw.version, (text) => (VERSION.test(text) ? text : undefined)),
    machine: needed('machine', raw.machine, (text) => MACHINES.get(text)),
    configMd5: raw.configMd5 === undefined ? undefined : configMd5(raw.configMd5.trim()),
    osRelease: osReleaseOf(raw.osRelease, ignored),
    etcVersion: etcVersionOf(raw.etcVersion?.trim(), ignored),
    ignored,
  }
}

/** Trims the newline: `$(uname -r)` drops it, but a file upload keeps it. */
function needed<T>(field: keyof typeof NEEDED, value: string, read: (text: string) => T | undefined): T {
  const found = read(value.trim())
  if (found !== undefined) return found
  throw new ProbeError('malformed', `${field}: ${quote(value.trim())} is not ${NEEDED[field]}`)
}

function configMd5(text: string): string {
  if (MD5.test(text)) return text
  throw new ProbeError('malformed', 'config-md5: it is not the md5 of a config: 32 digits of lower-case hex')
}

/** Uses the complete file or nothing, because a part of it could name another kernel. */
function osReleaseOf(text: string | undefined, ignored: IgnoredFact[]): OsRelease | undefined {
  try {
    return text === undefined ? undefined : parseOsRelease(text)
  } catch (error) {
    if (!isProbeError(error, 'malformed')) throw error
    const why = `${error.message.replace(/^os-release: /, '')}; so the distribution is unknown, and its kernel counts as your own build (target vanilla)`
    ignored.push({ field: 'os-release', why })
    return undefined
  }
}

/** Other devices also have this file. On minikube it contains one line with minikube's version. */
function etcVersionOf(text: string | undefined, ignored: IgnoredFact[]): string | undefined {
  if (text === undefined || text === '') return text
  const odd = !ETC_VERSION.test(text)
  if (odd || !NUMBERS.test(text)) {
    const why = odd ? 'it is not one short line' : 'it has no version such as v1.26.0'
    ignored.push({
      field: 'etc-version',
      why: `${why}, as minikube's has: the host does not count as a minikube`,
    })
  }
  return odd ? undefined : text
}
