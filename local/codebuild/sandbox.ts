// The sandbox of a build: bubblewrap over the host's own tools, with nothing of the host but those, and the network.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Order } from './builder-protocol.ts'
import { SCRIPTS } from './buildspec.ts'

export interface Sandbox {
  /**
   * Starts `sh {SCRIPTS}/driver` in a new folder of its own below `scratch`, with the roots at /roots. Output comes by stdout, what the
   * driver tells by descriptor 3. The end of this process ends the sandbox with all that is in it.
   */
  run(order: Order): Running
}
export interface Running {
  readonly process: ChildProcess
  /** Kills everything in the sandbox, at whatever moment of its life. */
  kill(): void
  /** folder to remove when the process has ended */
  readonly folder: string
}

/** Where the build finds itself. */
export const SOURCE_FOLDER = '/codebuild/src'

/** No user of the host: what breaks out of the sandbox owns nothing. */
const BUILD_UID = 64055

/** Of /etc, what compilers, curl and the loader need. */
const ETC = [
  'alternatives',
  'ca-certificates',
  'ca-certificates.conf',
  'group',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'nsswitch.conf',
  'passwd',
  'resolv.conf',
  'ssl',
]

/**
 * Started with the host's uid 0, bubblewrap covers parts of /proc, and the kernel then lets no sandbox within
 * mount a /proc. So root starts it under a uid that nobody has, where that may make user namespaces; else as
 * itself, and a sandbox within must do with the outer /proc. Throws when there is no way.
 */
export function openSandbox(): Sandbox {
  const root = process.getuid?.() === 0
  const ways = root ? [BUILD_UID, undefined] : [undefined]
  const failures: string[] = []
  for (const uid of ways) {
    const user = uid === undefined ? {} : { uid, gid: uid }
    const tried = spawnSync('bwrap', [...namespaces(), ...hostFolders(), 'true'], {
      ...user,
      env: {},
      encoding: 'utf8',
    })
    if (tried.status === 0) return { run: (order) => start(uid, order) }
    failures.push(tried.error?.message ?? tried.stderr.trim())
  }
  throw new Error(`bubblewrap makes no sandbox here: ${failures.join('; ')}`)
}

const namespaces = (): string[] => [
  '--unshare-all',
  '--share-net',
  '--die-with-parent',
  '--new-session',
  '--clearenv',
]

function hostFolders(): string[] {
  const links = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter((name) => existsSync(`/${name}`))
  return [
    ...bind('/usr'),
    ...links.flatMap((name) => bind(`/${name}`)),
    ...ETC.map((name) => `/etc/${name}`)
      .filter((path) => existsSync(path))
      .flatMap(bind),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run'],
  ]
}

const bind = (path: string): string[] => ['--ro-bind', path, path]

function start(uid: number | undefined, { scratch, roots, scripts, variables }: Order): Running {
  const { folder, source } = prepare(uid, scratch, scripts)
  const environment = Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value])
  const folders = [
    ...['--bind', source, SOURCE_FOLDER, '--ro-bind', join(folder, 'scripts'), SCRIPTS],
    ...['--tmpfs', '/codebuild/state', '--chdir', SOURCE_FOLDER],
    ...(existsSync(roots.unpacked) ? ['--ro-bind', roots.unpacked, '/roots'] : []),
  ]
  // The variables hold presigned URLs, so they come by a descriptor, not by a command line that all can read.
  const args = [...environment, ...folders].map((arg) => `${arg}\0`).join('')
  const child = spawn(
    'bwrap',
    [...namespaces(), ...hostFolders(), '--args', '4', 'sh', `${SCRIPTS}/driver`],
    {
      ...(uid === undefined ? {} : { uid, gid: uid }),
      cwd: '/',
      env: {},
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    },
  )
  const input = child.stdio[4] as NodeJS.WritableStream
  input.on('error', () => {})
  input.end(args)
  const kill = (): void => {
    child.stdin?.destroy()
    child.kill('SIGKILL')
  }
  return { process: child, folder, kill }
}

function prepare(uid: number | undefined, scratch: string, scripts: Readonly<Record<string, string>>) {
  ownScratch(scratch)
  const folder = mkdtempSync(join(scratch, 'build-'))
  const source = join(folder, 'src')
  mkdirSync(source)
  mkdirSync(join(folder, 'scripts'))
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, 'scripts', name), text)
  if (uid !== undefined) for (const path of [folder, source]) chownSync(path, uid, uid)
  return { folder, source }
}

/** The folder that builds have theirs in. Throws when it is somebody else's: its name can be foreseen. */
function ownScratch(scratch: string): void {
  mkdirSync(scratch, { recursive: true })
  const found = lstatSync(scratch)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${scratch} is not this user's: remove it`)
  chmodSync(scratch, 0o711)
}

/** Never fails: what cannot be removed now is removed at the next start. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {})
