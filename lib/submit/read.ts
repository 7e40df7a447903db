// From what a host sent to the kernel that it runs, what its config says, and how its loader would ask. Pure.

import { createHash } from 'node:crypto'
import { hostName, type Identity } from '../clients/host-names.ts'
import { type Compiler, compilerOf } from '../kconfig/compiler.ts'
import { type Kconfig, stringOf } from '../kconfig/kconfig.ts'
import { type Neutralized, neutralize } from '../kconfig/neutralize.ts'
import { parseKconfig } from '../kconfig/parse.ts'
import { printKconfig } from '../kconfig/print.ts'
import { readConfig } from '../kconfig/read.ts'
import { type Verdict, verdicts } from '../kconfig/verdicts.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Clock } from '../model/ports.ts'
import { type DriverName, KINDS, type Kind, PACKAGE_FORMATS, type Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { quote } from '../model/text.ts'
import { canonical, format, parseProbe } from '../names/grammar.ts'
import { checkKheaders } from './kheaders.ts'
import type { Submission } from './submission.ts'
import { readSymvers } from './symvers.ts'

/** What is asked for on the host's kernel. */
export interface Wanted {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly kind: Kind
}

export interface ReadSubmission {
  readonly kernel: SubmittedKernel
  /** of what came, decompressed */
  readonly neutralized: readonly Neutralized[]
  readonly compiler: Compiler
  readonly verdicts: readonly (Verdict & { readonly kind: Kind })[]
  readonly wanted: readonly Wanted[]
  /** what the kernel refers to by digest, for the inputs bucket */
  readonly files: readonly Uint8Array[]
}

export interface ReadOptions {
  /** whether these very bytes were read before, and taken: then what is dear to look through is not */
  readonly known: boolean
  readonly now: Clock
}

/**
 * What is cheap first. ProbeError `bad-config`, `bad-field`, `body-too-large`, `config-mismatch`, and of what is asked for
 * `unknown-driver-version`, `revoked`, `unsupported-driver-name`, `unsupported-kind`.
 */
export async function readSubmission(
  settings: Settings,
  submission: Submission,
  { known, now }: ReadOptions,
): Promise<ReadSubmission> {
  const { facts, procVersion, force } = submission
  const wanted = wantedOf(settings, submission)
  const identity = identityOf(submission)
  const kernelUrls = submission.kernelUrls.map(packageUrl)
  const { text } = readConfig(submission.config)
  const config = parseKconfig(text)
  const found = KINDS.flatMap((kind) => judge(config, submission, kind))
  if (!force) refuseMismatch(found)
  const version = sourceVersion(config, facts.unameRelease)
  const build = neutralize(config)
  const compiler = compilerOf({
    config,
    procVersion,
    kernelRelease: facts.unameRelease,
    commands: settings.build.compilers,
  })
  const sent = {
    config: new TextEncoder().encode(printKconfig(build.config)),
    symvers: submission.symvers && readSymvers(submission.symvers),
    kheaders: submission.kheaders,
  }
  if (sent.kheaders !== undefined && !known) await checkKheaders(sent.kheaders, now)
  const kernel: SubmittedKernel = {
    arch: facts.machine,
    ...identity,
    unameRelease: facts.unameRelease,
    configSha256: digest('sha256', text),
    configMd5: digest('md5', text),
    config: stored(sent.config),
    ...(sent.symvers === undefined ? {} : { symvers: stored(sent.symvers) }),
    ...(sent.kheaders === undefined ? {} : { kheaders: stored(sent.kheaders) }),
    ...(procVersion === undefined ? {} : { procVersion: sha256(procVersion.replace(/\n$/, '')) }),
    kernelUrls,
    sourceVersion: version,
    compiler: compiler.command,
    ...compilerText(config),
    refused: force ? {} : refusals(found),
    force,
  }
  const files = Object.values(sent).filter((file) => file !== undefined)
  return { kernel, neutralized: build.neutralized, compiler, verdicts: found, wanted, files }
}

/** Of the catalogue alone. ProbeError as for `readSubmission`. */
export function wantedOf(settings: Settings, { driverVersions, driverName, kinds }: Submission): Wanted[] {
  return [...new Set(driverVersions)].flatMap((driverVersion) => {
    if (settings.revoked.includes(driverVersion))
      throw new ProbeError('revoked', `driver version ${driverVersion} was revoked: use a newer one`)
    const entry = driverFor(settings, driverVersion)
    const name = driverName ?? entry.names[0] ?? 'falco'
    return [...new Set(kinds.length === 0 ? entry.kinds : kinds)].map((kind) => {
      const wanted = { driverVersion, driverName: name, kind }
      checkDriver(entry, wanted)
      return wanted
    })
  })
}

/** Text of a host's: only what is no more than a line of ASCII. */
function compilerText(config: Kconfig): Pick<SubmittedKernel, 'compilerText'> {
  const text = stringOf(config, 'CC_VERSION_TEXT') ?? ''
  return /^[ -~]{1,200}$/.test(text) ? { compilerText: text } : {}
}

const judge = (config: Kconfig, { facts, symvers }: Submission, kind: Kind) =>
  verdicts(config, {
    kernelRelease: facts.unameRelease,
    arch: facts.machine,
    kind,
    hasSymvers: symvers !== undefined,
  }).map((verdict) => ({ kind, ...verdict }))

/** A config of another kernel is a mistake of whoever sent it: nothing is made of it. */
function refuseMismatch(found: readonly Verdict[]): void {
  for (const { code, detail } of found) {
    if (code === 'release-mismatch') throw new ProbeError('config-mismatch', `release: ${detail}`)
    if (code === 'arch-mismatch') throw new ProbeError('config-mismatch', `machine: ${detail}`)
  }
}

function refusals(found: ReadSubmission['verdicts']): SubmittedKernel['refused'] {
  const of = (kind: Kind) => found.find((verdict) => verdict.kind === kind && verdict.blocks)?.detail
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const why = of(kind)
      return why === undefined ? [] : [[kind, why]]
    }),
  )
}

/** Only its file name is ever looked at. ProbeError `bad-field`. */
function packageUrl(url: string): string {
  const file = /^https?:\/\/[\x21-\x7e]+\/([A-Za-z0-9][A-Za-z0-9.+~_%-]*)$/.exec(url)?.[1] ?? ''
  if (url.length <= 512 && PACKAGE_FORMATS.some((format) => file.endsWith(`.${format}`))) return url
  throw new ProbeError('bad-field', `kernelurls: ${quote(url)} is not the URL of a package`)
}

/** By the host's own loader; where that cannot read the release, by the kernel's own words. */
function identityOf({ facts }: Submission): Identity {
  try {
    const { target, kernelRelease, kernelVersion } = namedProbe(facts.machine, hostName(facts))
    return { target, kernelRelease, kernelVersion }
  } catch (error) {
    if (!isProbeError(error)) throw error
  }
  const kernelVersion = /#(\d{1,9})/.exec(facts.unameVersion)?.[1] ?? '1'
  try {
    const identity = { target: 'vanilla', kernelRelease: facts.unameRelease, kernelVersion }
    namedProbe(facts.machine, identity)
    return identity
  } catch (error) {
    if (!isProbeError(error)) throw error
    throw new ProbeError('bad-field', `release: no probe can be named for it: ${error.message}`)
  }
}

/** The probe by its canonical name, where the grammar of names reads it back as it is meant. ProbeError `malformed`. */
function namedProbe(arch: Probe['arch'], identity: Identity): Probe {
  const probe = canonical({ driverVersion: '1', arch, driverName: 'falco', kind: 'kmod', ...identity })
  const read = parseProbe(format(probe)).probe
  if (read.target === probe.target && read.kernelRelease === probe.kernelRelease) return read
  throw new ProbeError('malformed', `${format(probe)} reads as another probe`)
}

/**
 * As the config's first comment says, else as the release does: a comment decides nothing else. What comes before a release
 * is not the release: `6.12.0-rc3`, which Fedora calls `6.12.0-0.rc3.27.fc42`.
 */
function sourceVersion({ headerVersion }: Kconfig, unameRelease: string): string {
  const [, version, candidate] =
    /^(\d+\.\d+(?:\.\d+)?)(?:-(?:0\.)?(rc\d+))?/.exec(headerVersion ?? unameRelease) ?? []
  if (version !== undefined) return candidate === undefined ? version : `${version}-${candidate}`
  throw new ProbeError('bad-field', 'release: it does not begin with the number of a kernel')
}

const stored = (body: Uint8Array): Stored => ({ sha256: digest('sha256', body), bytes: body.length })

/** Of a text with one character a byte, or of bytes. */
const digest = (algorithm: 'sha256' | 'md5', data: string | Uint8Array): string =>
  typeof data === 'string'
    ? createHash(algorithm).update(data, 'latin1').digest('hex')
    : createHash(algorithm).update(data).digest('hex')
