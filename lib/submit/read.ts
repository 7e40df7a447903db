// Parses a submission into the host's kernel and the requested probes. Pure.

import { hash } from 'node:crypto'
import { type Kconfig, stringOf } from '../kconfig/kconfig.ts'
import { type Neutralized, neutralize } from '../kconfig/neutralize.ts'
import { patchesIn } from '../kconfig/patched.ts'
import { printKconfig } from '../kconfig/print.ts'
import type { Verdict } from '../kconfig/verdicts.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import { eachOf } from '../model/each.ts'
import { ProbeError } from '../model/errors.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Clock } from '../model/ports.ts'
import { KINDS, type Kind, PACKAGE_FORMATS, type Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { quote } from '../model/text.ts'
import { type Judged, judge } from './judge.ts'
import { checkKheaders } from './kheaders.ts'
import type { Submission } from './submission.ts'

/** A requested probe. */
export type Wanted = Pick<Probe, 'driverVersion' | 'driverName' | 'kind'>

export interface ReadSubmission {
  readonly kernel: SubmittedKernel
  /** options that the registry removed, because a build must not see them */
  readonly neutralized: readonly Neutralized[]
  readonly judged: Judged
  readonly wanted: readonly Wanted[]
  /** files for the inputs bucket; `kernel` contains their digests */
  readonly files: readonly Uint8Array[]
}

/**
 * Runs cheap checks first. `known`: the same submission was accepted before, so expensive checks are skipped.
 * @throws {ProbeError} `bad-config`, `bad-field`, `body-too-large`, `config-mismatch`; for the requested probes
 * `unknown-driver-version`, `revoked`, `unsupported-driver-name`, `unsupported-kind`.
 */
export async function readSubmission(
  settings: Settings,
  submission: Submission,
  { known, now }: { readonly known: boolean; readonly now: Clock },
): Promise<ReadSubmission> {
  const { facts, procVersion, force } = submission
  const wanted = wantedOf(settings, submission)
  const kernelUrls = submission.kernelUrls.map(packageUrl)
  const judged = await judge(settings, submission)
  const { text, config, symvers, identity, compiler, verdicts: found } = judged
  if (!force) refuseMismatch(found)
  const version = sourceVersion(config, facts.unameRelease)
  const bytes = Buffer.from(text, 'latin1')
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
    configSha256: sha256(bytes),
    configMd5: hash('md5', bytes),
    config: stored(sent.config),
    symvers: symvers && stored(symvers),
    kheaders: sent.kheaders && stored(sent.kheaders),
    procVersion: procVersion === undefined ? undefined : sha256(procVersion.replace(/\n$/, '')),
    kernelUrls,
    sourceVersion: version,
    compiler: compiler.command,
    compilerText: compilerText(config),
    refused: force ? {} : refusals(found),
    force,
    forced: force ? objections(found) : undefined,
    patched: patchesIn(config, version)?.option,
  }
  const files = Object.values(sent).filter((file) => file !== undefined)
  return { kernel, neutralized: build.neutralized, judged, wanted, files }
}

/** @throws {ProbeError} those of `readSubmission` for the requested probes. */
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

/** Omits a text that is not one line of ASCII, because the host chooses it. */
function compilerText(config: Kconfig): string | undefined {
  const text = stringOf(config, 'CC_VERSION_TEXT') ?? ''
  return /^[ -~]{1,200}$/.test(text) ? text : undefined
}

function refuseMismatch(found: readonly Verdict[]): void {
  for (const { code, detail } of found) {
    if (code === 'release-mismatch') throw new ProbeError('config-mismatch', `release: ${detail}`)
    if (code === 'arch-mismatch') throw new ProbeError('config-mismatch', `machine: ${detail}`)
  }
}

/** The first blocking verdict of each kind, in the order of KINDS, because the digest of the kernel depends on the order. */
const refusals = (found: Judged['verdicts']): SubmittedKernel['refused'] =>
  eachOf(KINDS, (kind) => found.find((one) => one.kind === kind && one.blocks)?.detail)

/** All objections that `force` overrides, by kind. */
function objections(found: Judged['verdicts']): SubmittedKernel['forced'] {
  const of = (kind: Kind) => found.filter((verdict) => verdict.kind === kind && verdict.blocks)
  return eachOf(KINDS, (kind) => of(kind).map(({ code, option, detail }) => ({ code, option, detail })))
}

/** Checks the URL, of which the registry uses only the file name. @throws {ProbeError} `bad-field`. */
function packageUrl(url: string): string {
  const file = /^https?:\/\/[\x21-\x7e]+\/([A-Za-z0-9][A-Za-z0-9.+~_%-]*)$/.exec(url)?.[1] ?? ''
  if (url.length <= 512 && PACKAGE_FORMATS.some((format) => file.endsWith(`.${format}`))) return url
  throw new ProbeError('bad-field', `kernelurls: ${quote(url)} is not the URL of a package`)
}

/**
 * Finds the source version in the release. Distributions with stable ABI names write 0 for the last number (`6.1.0-56-amd64`). Then
 * the config's first comment has the version. It counts only if its series is the same: the config may be of another kernel. A
 * release candidate keeps its suffix: `6.12.0-rc3`, which Fedora calls `6.12.0-0.rc3.27.fc42`.
 */
function sourceVersion({ headerVersion }: Kconfig, unameRelease: string): string {
  const series = /^\d+\.\d+(?=\.0(?!\d)|$|[^.\d])/.exec(unameRelease)?.[0]
  const header = series !== undefined && /^\d+\.\d+/.exec(headerVersion ?? '')?.[0] === series
  const [, version, candidate] =
    /^(\d+\.\d+(?:\.\d+)?)(?:-(?:0\.)?(rc\d+))?/.exec((header && headerVersion) || unameRelease) ?? []
  if (version !== undefined) return candidate === undefined ? version : `${version}-${candidate}`
  throw new ProbeError('bad-field', 'release: it does not begin with the number of a kernel')
}

const stored = (body: Uint8Array): Stored => ({ sha256: sha256(body), bytes: body.length })
