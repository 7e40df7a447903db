// `probe-registry build`: builds one probe on this machine as a registry does, without a registry.

import { DEFAULTS, settingsSchema } from '../../lib/kernels/settings.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { overlay } from '../../lib/model/overlay.ts'
import { parseOwn } from '../../lib/model/parse.ts'
import type { FailureReason } from '../../lib/model/probe.ts'
import { startBuilder } from '../../local/codebuild/builder.ts'
import { cacheFolder } from '../../local/roots.ts'
import { aptSuites } from '../../local/start/apt-sources.ts'
import { settingsOf } from '../../local/start/synthesize.ts'
import { askedOf, isOfTheCommandLine, readOptions } from '../build/asked.ts'
import { checkFolder, leave } from '../build/files.ts'
import { buildHere, openFolders } from '../build/local.ts'

const USAGE = `Usage: probe-registry build --driver-version VERSION --release RELEASE --target TARGET [OPTION...]
       probe-registry build --driver-version VERSION --release RELEASE --config FILE [OPTION...]
                                         build a probe on this machine, as a registry builds it, without a registry

A kernel by its name, as in the name of its probes:
  --release RELEASE         e.g. 6.1.192-2-amd64
  --target TARGET           e.g. debian
  --kernel-version VERSION  1 unless said otherwise
A kernel that nobody publishes headers for, as it is submitted to a registry:
  --config FILE             its config, plain or gzip; --release is uname -r then
  --target TARGET           ID of its os-release, or --os-release FILE
  --version TEXT            uname -v
  --proc-version FILE       /proc/version, where the config names no compiler
  --symvers FILE  --kheaders FILE  --etc-version FILE  --kernelurls URL...
  --force                   build what could never load, too
What to build:
  --driver-version VERSION  e.g. 0.23.2 or 11.0.0+driver
  --driver-name NAME        falco or scap; by itself the first that the version is built as
  --kind KIND               kmod (by itself) or ebpf
  --arch ARCH               x86_64 or aarch64; by itself this machine's
  --out DIR                 where the probe, its .json and its .log are left; by itself here
  --settings FILE           JSON of settings, as a registry's SETTINGS_FILE

It prints the sha256 and the path of the probe; how it goes is told on standard error. The probe is not signed.
Exit status: 0 built; 1 it cannot be built, and why; 2 the command line is wrong; 3 something that may pass or can be
mended is in the way (a mirror that is away, no space, no namespaces), and what.
`

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const MAX_LINE = 2000

/** Replaces every character that a terminal could interpret. */
const printable = (text: string): string => text.slice(0, MAX_LINE).replace(/[^\x20-\x7e\n]/g, '?')
const tell = (line: string): void => void process.stderr.write(`${printable(line)}\n`)

/** The same settings as `npm start`: this host's own mirrors, overridden by the file. */
function settings(file: string | undefined) {
  const own = settingsOf({ suites: aptSuites(), settingsFile: file })
  const what = file ?? "this machine's settings"
  return parseOwn(settingsSchema, overlay(DEFAULTS, own), what, 'docs/settings.md lists every setting')
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const current = settings(options.settings ?? (process.env.SETTINGS_FILE || undefined))
  const asked = await askedOf({ settings: current, arch: ARCH, now: Date.now }, options)
  checkFolder(options.out)
  for (const note of asked.notes) tell(`config: ${note}`)
  // The builder must start first: a process inherits the files that are open when it starts.
  const builder = startBuilder()
  const folders = openFolders()
  const clean = (): void => folders.remove()
  endOn('SIGINT', clean)
  endOn('SIGTERM', clean)
  try {
    const cache = cacheFolder(process.env)
    const outcome = await buildHere({ settings: current, cache, builder, folders, tell }, asked)
    const { file, log } = leave(options.out, outcome)
    if (outcome.tag === 'failed') {
      tell(`probe-registry build: ${outcome.detail}${log === undefined ? '' : `\nThe log: ${log}`}`)
      return statusOf(outcome.reason)
    }
    tell('it is not signed: only a registry signs, and its loader takes nothing else')
    if (file !== undefined) process.stdout.write(`${file.sha256}  ${file.path}\n`)
    return 0
  } finally {
    await builder.stop()
    clean()
  }
}

/** When this process ends, its builder ends as well and stops the running build. */
function endOn(signal: 'SIGINT' | 'SIGTERM', clean: () => void): void {
  process.once(signal, () => {
    clean()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}

function statusOf(reason: FailureReason): number {
  switch (reason) {
    case 'compile-error':
    case 'verification-failed':
    case 'cannot-load':
      return 1
    default:
      return 3
  }
}

/** Exit status of an error before the build. */
function statusOfError(error: unknown): number {
  if (isOfTheCommandLine(error)) return 2
  if (!isProbeError(error)) return 3
  switch (error.code) {
    case 'mirror-unreachable':
    case 'digest-mismatch':
    case 'signature-invalid':
    case 'too-large':
    case 'root-missing':
    case 'misconfigured':
      return 3
    default:
      return 1
  }
}

function said(error: unknown): string {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) }
  if (code !== 'ENOSPC') return message
  return `there is no space left (${message}): what is fetched lies in ${cacheFolder(process.env)} (XDG_CACHE_HOME), what is built in /tmp and /var/tmp; a build needs up to two gigabytes`
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const status = statusOfError(error)
  const hint = status === 2 ? '\n`probe-registry build --help` tells how it is used' : ''
  tell(`probe-registry build: ${said(error)}${hint}`)
  process.exitCode = status
}
