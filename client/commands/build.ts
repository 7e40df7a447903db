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
                                         build a probe on this machine, as a registry does, without a registry

A distribution's kernel, as in the name of its probes:
  --release RELEASE         e.g. 6.1.192-2-amd64
  --target TARGET           e.g. debian
  --kernel-version VERSION  default: 1
A kernel without published headers, as a host submits it to a registry:
  --config FILE             its config, plain or gzip; --release is then its uname -r
  --target TARGET           ID in its os-release, or --os-release FILE
  --version TEXT            uname -v
  --proc-version FILE       /proc/version, if the config does not name the compiler
  --symvers FILE  --kheaders FILE  --etc-version FILE  --kernelurls URL...
  --force                   build even if the kernel could never load the probe
The probe:
  --driver-version VERSION  e.g. 0.23.2 or 11.0.0+driver
  --driver-name NAME        falco or scap; default: the first that this version has
  --kind KIND               kmod (default) or ebpf
  --arch ARCH               x86_64 or aarch64; default: this machine's
  --out DIR                 folder for the probe, its .json and its .log; default: this one
  --settings FILE           JSON settings, as a registry's SETTINGS_FILE

The command prints the sha256 and the path of the probe, and its progress on standard error. The probe is not signed.
Exit status: 0 built; 1 it cannot be built, with the reason; 2 the command line is wrong; 3 a problem that may pass or that
you can solve (a mirror does not answer, no space, no namespaces), with the reason.
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
  return `there is no space left (${message}): downloads are in ${cacheFolder(process.env)} (XDG_CACHE_HOME), builds in /tmp and /var/tmp; a build needs up to two gigabytes`
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const status = statusOfError(error)
  const hint = status === 2 ? '\n`probe-registry build --help` shows how to use it' : ''
  tell(`probe-registry build: ${said(error)}${hint}`)
  process.exitCode = status
}
