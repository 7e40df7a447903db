// What a host knows of itself, checked: everything that clients have ever made a probe's name of.

import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Arch } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { type OsRelease, parseOsRelease } from './os-release.ts'

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

/** A fact that a host need not tell, and told in a way that nobody can use: as if it had not been told. */
export interface IgnoredFact {
  readonly field: 'os-release' | 'etc-version' | 'proc-version'
  /** for a person: what is odd about it, and what follows */
  readonly why: string
}

export interface HostFacts {
  /** `undefined`: the host has no /etc/os-release, or an odd one */
  readonly osRelease: OsRelease | undefined
  readonly unameRelease: string
  readonly unameVersion: string
  readonly machine: Arch
  readonly etcVersion: string | undefined
  /** lower-case hex */
  readonly configMd5: string | undefined
  readonly ignored: readonly IgnoredFact[]
}

/** What each fact is that a host must tell, in words: with what prints it, and an example. */
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

/** The kernel's own bound of each field of uname(2) is 64. */
const RELEASE = /^[A-Za-z0-9.+~_-]{1,64}$/
/** Whoever builds a kernel says what stands there, in UTF-8 too. */
const VERSION = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$/u
const ETC_VERSION = /^[\x20-\x7e]{0,256}$/
/** `v1.26.0`: what makes a minikube of a host. */
const NUMBERS = /\d+\.\d+\.\d+/
const MD5 = /^[0-9a-f]{32}$/

/** ProbeError `malformed` of the facts that are needed; its message begins with the field. What else is odd is ignored. */
export function hostFacts(raw: RawFacts): HostFacts {
  const ignored: IgnoredFact[] = []
  const ignore = (fact: IgnoredFact) => void ignored.push(fact)
  return {
    unameRelease: needed('release', raw.release, (text) => (RELEASE.test(text) ? text : undefined)),
    unameVersion: needed('version', raw.version, (text) => (VERSION.test(text) ? text : undefined)),
    machine: needed('machine', raw.machine, (text) => MACHINES.get(text)),
    configMd5: raw.configMd5 === undefined ? undefined : configMd5(raw.configMd5.trim()),
    osRelease: osReleaseOf(raw.osRelease, ignore),
    etcVersion: etcVersionOf(raw.etcVersion?.trim(), ignore),
    ignored,
  }
}

/** Without the newline that `$(uname -r)` drops and a file upload keeps. */
function needed<T>(field: keyof typeof NEEDED, value: string, read: (text: string) => T | undefined): T {
  const found = read(value.trim())
  if (found !== undefined) return found
  throw new ProbeError('malformed', `${field}: ${quote(value.trim())} is not ${NEEDED[field]}`)
}

function configMd5(text: string): string {
  if (MD5.test(text)) return text
  throw new ProbeError('malformed', 'config-md5: it is not the md5 of a config: 32 digits of lower-case hex')
}

/** Half-read it could name another kernel, so it counts whole or not at all. */
function osReleaseOf(text: string | undefined, ignore: (fact: IgnoredFact) => void): OsRelease | undefined {
  try {
    return text === undefined ? undefined : parseOsRelease(text)
  } catch (error) {
    if (!isProbeError(error, 'malformed')) throw error
    const why = `${error.message.replace(/^os-release: /, '')}; so nobody knows which distribution this is, and its kernel counts as one of your own (target vanilla)`
    ignore({ field: 'os-release', why })
    return undefined
  }
}

/** Many a device has such a file; minikube's is one line with its version. */
function etcVersionOf(text: string | undefined, ignore: (fact: IgnoredFact) => void): string | undefined {
  if (text === undefined || text === '') return text
  const odd = !ETC_VERSION.test(text)
  if (odd || !NUMBERS.test(text)) {
    const why = odd ? 'it is not one short line' : 'it has no version such as v1.26.0'
    ignore({ field: 'etc-version', why: `${why}, as minikube's has: the host does not count as a minikube` })
  }
  return odd ? undefined : text
}
