// From what a host sent to the kernel that it runs, what its config says, and how its loader would ask. Pure.

import { createHash } from 'node:crypto'
import { type Kconfig, stringOf } from '../kconfig/kconfig.ts'
import { type Neutralized, neutralize } from '../kconfig/neutralize.ts'
import { patchesIn } from '../kconfig/patched.ts'
import { printKconfig } from '../kconfig/print.ts'
import type { Verdict } from '../kconfig/verdicts.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import { ProbeError } from '../model/errors.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Clock } from '../model/ports.ts'
import { type DriverName, KINDS, type Kind, PACKAGE_FORMATS } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { quote } from '../model/text.ts'
import { type Judged, judge } from './judge.ts'
import { checkKheaders } from './kheaders.ts'
import type { Submission } from './submission.ts'

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
  readonly judged: Judged
  readonly wanted: readonly Wanted[]
  /** what the kernel refers to by digest, for the inputs bucket */
  readonly files: readonly Uint8Array[]
}

interface ReadOptions {
  /** whether these very bytes were read before, and taken: then what is dear to look through is not */
  readonly known: boolean
  readonly now: Clock
}

/**
 * What is cheap first.
 * @throws {ProbeError} `bad-config`, `bad-field`, `body-too-large`, `config-mismatch`, and of what is asked for
 * `unknown-driver-version`, `revoked`, `unsupported-driver-name`, `unsupported-kind`.
 */
export async function readSubmission(
  settings: Settings,
  submission: Submission,
  { known, now }: ReadOptions,
): Promise<ReadSubmission> {
  const { facts, procVersion, force } = submission
  const wanted = wantedOf(settings, submission)
  const kernelUrls = submission.kernelUrls.map(packageUrl)
  const judged = await judge(settings, submission)
  const { text, config, symvers, identity, compiler, verdicts: found } = judged
  if (!force) refuseMismatch(found)
  const version = sourceVersion(config, facts.unameRelease)
  const build = neutralize(config)
  const sent = {
    config: new TextEncoder().encode(printKconfig(build.config)),
    symvers,
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
    ...(force ? { forced: objections(found) } : {}),
    ...patchedIn(config, version),
  }
  const files = Object.values(sent).filter((file) => file !== undefined)
  return { kernel, neutralized: build.neutralized, judged, wanted, files }
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
      checkDriver(settings, entry, wanted)
      return wanted
    })
  })
}

/** Text of a host's: only what is no more than a line of ASCII. */
function compilerText(config: Kconfig): Pick<SubmittedKernel, 'compilerText'> {
  const text = stringOf(config, 'CC_VERSION_TEXT') ?? ''
  return /^[ -~]{1,200}$/.test(text) ? { compilerText: text } : {}
}

/** A config of another kernel is a mistake of whoever sent it: nothing is made of it. */
function refuseMismatch(found: readonly Verdict[]): void {
  for (const { code, detail } of found) {
    if (code === 'release-mismatch') throw new ProbeError('config-mismatch', `release: ${detail}`)
    if (code === 'arch-mismatch') throw new ProbeError('config-mismatch', `machine: ${detail}`)
  }
}

function refusals(found: Judged['verdicts']): SubmittedKernel['refused'] {
  const of = (kind: Kind) => found.find((verdict) => verdict.kind === kind && verdict.blocks)?.detail
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const why = of(kind)
      return why === undefined ? [] : [[kind, why]]
    }),
  )
}

/** What `force` overrides, of each kind that has any. */
function objections(found: Judged['verdicts']): SubmittedKernel['forced'] {
  const of = (kind: Kind) => found.filter((verdict) => verdict.kind === kind && verdict.blocks)
  return Object.fromEntries(
    KINDS.map((kind) => [kind, of(kind).map(({ code, option, detail }) => ({ code, option, detail }))]),
  )
}

function patchedIn(config: Kconfig, version: string): Pick<SubmittedKernel, 'patched'> {
  const patched = patchesIn(config, version)
  return patched === undefined ? {} : { patched: patched.option }
}

/** Only its file name is ever looked at. ProbeError `bad-field`. */
function packageUrl(url: string): string {
  const file = /^https?:\/\/[\x21-\x7e]+\/([A-Za-z0-9][A-Za-z0-9.+~_%-]*)$/.exec(url)?.[1] ?? ''
  if (url.length <= 512 && PACKAGE_FORMATS.some((format) => file.endsWith(`.${format}`))) return url
  throw new ProbeError('bad-field', `kernelurls: ${quote(url)} is not the URL of a package`)
}

/**
 * As the release says. Where its last number is 0, as distributions write it that keep their ABI's name (`6.1.0-56-amd64`),
 * as the config's first comment says, if it is of the same series: anyone can write one, and of a config that is another
 * kernel's it is another version. What comes before a release is not the release: `6.12.0-rc3`, which Fedora calls
 * `6.12.0-0.rc3.27.fc42`.
 */
function sourceVersion({ headerVersion }: Kconfig, unameRelease: string): string {
  const series = /^\d+\.\d+(?=\.0(?!\d)|$|[^.\d])/.exec(unameRelease)?.[0]
  const header = series !== undefined && /^\d+\.\d+/.exec(headerVersion ?? '')?.[0] === series
  const [, version, candidate] =
    /^(\d+\.\d+(?:\.\d+)?)(?:-(?:0\.)?(rc\d+))?/.exec((header && headerVersion) || unameRelease) ?? []
  if (version !== undefined) return candidate === undefined ? version : `${version}-${candidate}`
  throw new ProbeError('bad-field', 'release: it does not begin with the number of a kernel')
}

const stored = (body: Uint8Array): Stored => ({ sha256: digest('sha256', body), bytes: body.length })

/** Of a text with one character a byte, or of bytes. */
const digest = (algorithm: 'sha256' | 'md5', data: string | Uint8Array): string =>
  typeof data === 'string'
    ? createHash(algorithm).update(data, 'latin1').digest('hex')
    : createHash(algorithm).update(data).digest('hex')
