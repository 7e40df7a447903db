// Makes a host for the loader: its files are below a folder, and its PATH has exactly the tools that --help names.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RawFacts } from '../../../lib/clients/facts.ts'

export const LOADER = fileURLToPath(new URL('../../../client/falco-driver-loader', import.meta.url))

export const SHELLS = { dash: ['/bin/dash'], 'busybox ash': ['/bin/busybox', 'ash'] } as const
export type Shell = keyof typeof SHELLS

export const HTTP = ['curl', 'wget', 'busybox wget'] as const
export type Http = (typeof HTTP)[number]

const TOOLS = ['cat', 'cut', 'grep', 'id', 'mkdir', 'mv', 'rm', 'sed', 'sha256sum', 'sleep', 'tr', 'ln']
const OPTIONAL = ['gpgv', 'base64', 'timeout', 'zcat', 'gzip', 'xz', 'zstd']

export interface HostOptions {
  readonly raw: RawFacts
  readonly http?: Http
  /** missing tools */
  readonly without?: readonly string[]
  /** further files, by their path on the host */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** body of a script that replaces insmod, rmmod or another tool */
  readonly tools?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Host {
  readonly dir: string
  /** the calls of the kernel's tools, one per line */
  readonly calls: string
  /** the environment of every run */
  readonly env: Readonly<Record<string, string>>
  run(args: readonly string[], env?: Readonly<Record<string, string>>, shell?: Shell): Promise<Ran>
  start(args: readonly string[], env?: Readonly<Record<string, string>>, shell?: Shell): ChildProcess
  /** paths of everything below ~/.falco except folders */
  left(): string[]
  remove(): void
}

/** `insmod`, `rmmod` and `mount` only record their calls. */
export function makeHost({ raw, http = 'curl', without = [], files = {}, tools = {} }: HostOptions): Host {
  const dir = mkdtempSync(join(tmpdir(), 'loader-'))
  const calls = join(dir, 'calls')
  write(join(dir, 'root'), { ...filesOf(raw), ...files })
  makeTools(join(dir, 'bin'), http, without, {
    uname: unameOf(raw),
    ...Object.fromEntries(['insmod', 'rmmod', 'mount'].map((name) => [name, `echo ${name} "$@" >>${calls}`])),
    ...tools,
  })
  const own = { PATH: join(dir, 'bin'), HOME: join(dir, 'home'), HOST_ROOT: join(dir, 'root'), CALLS: calls }
  const start: Host['start'] = (args, env = {}, shell = 'dash') => {
    const [command, ...before] = SHELLS[shell]
    return spawn(command, [...before, LOADER, ...args], {
      env: { ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
  return {
    dir,
    calls,
    env: own,
    start,
    run: (...how) => ended(start(...how)),
    left: () => filesBelow(join(dir, 'home')),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

const filesOf = ({ osRelease, etcVersion, release, version }: RawFacts) => ({
  'proc/version': `Linux version ${release} (builder@host) (gcc-12 (Debian 12.2.0-14) 12.2.0) ${version}\n`,
  'proc/modules': 'ext4 1000 1 - Live 0x0\n',
  ...(osRelease === undefined ? {} : { 'etc/os-release': osRelease }),
  ...(etcVersion === undefined ? {} : { 'etc/VERSION': etcVersion }),
})

const unameOf = ({ release, version, machine }: RawFacts) =>
  `case $1 in -r) echo '${release}' ;; -v) echo '${version}' ;; -m) echo '${machine}' ;; esac`

export function write(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

function makeTools(
  bin: string,
  http: Http,
  without: readonly string[],
  scripts: Readonly<Record<string, string>>,
): void {
  mkdirSync(bin, { recursive: true })
  const found = [...TOOLS, ...OPTIONAL, ...(http === 'busybox wget' ? [] : [http])]
  for (const name of found.filter((one) => !without.includes(one)))
    symlinkSync(whereIs(name), join(bin, name))
  if (http === 'busybox wget') symlinkSync('/bin/busybox', join(bin, 'wget'))
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(bin, name), 0o755)
  }
}

function whereIs(name: string): string {
  const path = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => join(folder, name)).find(existsSync)
  if (path === undefined) throw new Error(`${name} is not installed`)
  return path
}

export function ended(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort()
}
