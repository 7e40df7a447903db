// The statement: what a signature says of the bytes. A genuine probe in the place of another is as bad as a forged one.

import type { SubmittedParts } from '../model/kernel.ts'
import type { Objection, Probe, ProbeRoot, Source } from '../model/probe.ts'

/**
 * RFC 9580, section 5.2.3.24: the statement is a list of notations of the signature, one for each part, under a domain
 * as user-defined names have one; `.internal` is nobody's.
 */
export const NOTATION = 'statement@falco-probe-registry.internal'

/**
 * Everything that decided the bytes. A host checks each critical part against its own files, and refuses a critical part
 * that it does not know; the others are for whoever audits.
 */
export interface StatementFacts {
  readonly probe: Probe
  /** the real `uname -r` */
  readonly unameRelease: string
  /** of a kernel that a host submitted */
  readonly submitted?: SubmittedParts | undefined
  readonly driverSource: Source
  /** packages and files that the kernel's build tree comes from */
  readonly headers: readonly Source[]
  /** command name */
  readonly compiler: string
  readonly root?: ProbeRoot | undefined
  /** what speaks against the probe, and was overridden */
  readonly forced?: readonly Objection[] | undefined
}

const VERSION = '1'

/** One part: printable, without blanks, so that gpg's status lines give it back as it is. */
const PART = /^!?[a-z0-9-]{1,40}=[!-~]{1,400}$/

/**
 * The parts, `!` before the critical ones: `!statement=1`, `!driver-name=scap`, ..., `compiler=gcc-12`.
 * The loader takes exactly the critical ones that it expects, so a further one is refused by every loader of before, and
 * one that is not critical by none.
 */
export function statementOf(facts: StatementFacts): readonly string[] {
  const { probe, unameRelease, submitted = {} } = facts
  const parts = [
    ...critical({
      statement: VERSION,
      'driver-name': probe.driverName,
      'driver-version': probe.driverVersion,
      kind: probe.kind,
      arch: probe.arch,
      'uname-release': unameRelease,
      target: probe.target,
      'kernel-release': probe.kernelRelease,
      'kernel-version': probe.kernelVersion,
      'config-sha256': submitted.config,
      'symvers-sha256': submitted.symvers,
      'kernel-headers-sha256': submitted.kheaders,
      'proc-version-sha256': submitted.procVersion,
      'header-urls-sha256': submitted.kernelUrls,
      force: submitted.force === true ? 'true' : undefined,
    }),
    `driver-source=${shown(facts.driverSource)}`,
    ...facts.headers.map(
      (source) => `${source.unsigned ? 'unsigned-kernel-input' : 'kernel-input'}=${shown(source)}`,
    ),
    `compiler=${facts.compiler}`,
    ...rootParts(facts.root),
    ...(facts.forced ?? []).map(forcedPart),
  ]
  const bad = parts.find((part) => !PART.test(part))
  if (bad !== undefined) throw new Error(`${JSON.stringify(bad)} is not a part of a statement`)
  return parts
}

const critical = (parts: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(parts).flatMap(([key, value]) => (value === undefined ? [] : [`!${key}=${value}`]))

/** `compiler-match=nearest` says that it is another compiler than the kernel's. */
const rootParts = (root: ProbeRoot | undefined): string[] =>
  root === undefined
    ? []
    : [
        `root=${root.suite}@sha256:${root.digest}`,
        `root-packages=sha256:${root.id}`,
        `compiler-match=${root.match}`,
      ]

/** `forced=patched-kernel:CONFIG_RHEL_DIFFERENCES`; what decides a verdict may also be a line of a config, which is told elsewhere. */
const forcedPart = ({ code, option }: Objection): string =>
  `forced=${code}${/^[\w,]{1,300}$/.test(option) ? `:${option}` : ''}`

const shown = ({ name, version, sha256 }: Source): string => `${name}_${version}@sha256:${sha256}`
