// Formats the statement in each signature. It identifies the signed probe, so that nobody can swap it for another genuine one.

import type { SubmittedParts } from '../model/kernel.ts'
import type { Objection, Probe, ProbeRoot, Provenance, Source } from '../model/probe.ts'

/**
 * Name of the notation for each part (RFC 9580, section 5.2.3.24). User-defined names need a domain; nobody owns `.internal`.
 */
export const NOTATION = 'statement@falco-probe-registry.internal'

/**
 * The facts that decided the bytes. A host checks each critical part against its own files, and refuses critical parts that it
 * does not know. The other parts are for audits.
 */
export interface StatementFacts extends Omit<Provenance, 'compilerVersion' | 'timings'> {
  readonly probe: Probe
  /** parts of the submission, for a kernel that a host submitted */
  readonly submitted?: SubmittedParts
}

/** Printable characters without blanks, which gpg's status lines show unchanged. */
const PART = /^!?[a-z0-9-]{1,40}=[!-~]{1,400}$/

/**
 * The parts; critical ones begin with `!`: `!statement=1`, `!driver-name=scap`, ..., `compiler=gcc-12`. The loader accepts only
 * the critical parts that it expects. So older loaders refuse a new critical part, and ignore any other new part.
 */
export function statementOf(facts: StatementFacts): readonly string[] {
  const { probe, unameRelease, submitted = {} } = facts
  const parts = [
    ...critical({
      statement: '1',
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

/** `compiler-match=nearest`: the probe's compiler differs from the kernel's. */
const rootParts = (root: ProbeRoot | undefined): string[] =>
  root === undefined
    ? []
    : [
        `root=${root.suite}@sha256:${root.digest}`,
        `root-packages=sha256:${root.id}`,
        `compiler-match=${root.match}`,
      ]

/** For example `forced=patched-kernel:CONFIG_RHEL_DIFFERENCES`. Omits an option that is a complete line of a config. */
const forcedPart = ({ code, option }: Objection): string =>
  `forced=${code}${/^[\w,]{1,300}$/.test(option) ? `:${option}` : ''}`

const shown = ({ name, version, sha256 }: Source): string => `${name}_${version}@sha256:${sha256}`
