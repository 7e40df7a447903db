// The sandbox of a build: the bare image that CodeBuild would start, out of a build root, with no network but the store's socket.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Order } from './builder-protocol.ts'
import { SCRIPTS } from './buildspec.ts'

interface Sandbox {
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

/** Where the steps look for it: buildspecs/common/transfer.sh. */
const STORE = '/run/store.sock'

/**
 * A container that is not privileged may make no namespaces: https://docs.docker.com/engine/security/seccomp/ has `unshare`
 * and `clone` among what is denied.
 */
const UNPRIVILEGED = ['--unshare-user', '--disable-userns']

/**
 * What the image of a build project is relied on for: a shell, curl, tar with gzip, and some of coreutils. CodeBuild's own
 * have them: https://github.com/aws/aws-codebuild-docker-images/blob/master/al/x86_64/standard/5.0/Dockerfile and
 * https://github.com/aws/aws-codebuild-docker-images/blob/master/al/aarch64/standard/3.0/Dockerfile.
 */
const IMAGE_COMMANDS =
  'sh curl tar gzip base64 cat chmod cp cut date dirname env false head id ls mkdir mv pwd rm sha256sum sleep sort stat tail tee touch tr true uname wc'.split(
    ' ',
  )
/** The `PATH` of the image. */
export const IMAGE_PATH = '/image'

/**
 * `root`: folder of a build root that has bubblewrap. Started with the host's uid 0, bubblewrap covers parts of /proc, and
 * the kernel then lets no sandbox within mount a /proc. So root starts it under a uid that nobody has, where that may make
 * user namespaces; else as itself, and a sandbox within must do with the outer /proc. Throws when there is no way.
 */
export function openSandbox(root: string): Sandbox {
  if (!existsSync(join(root, 'usr/bin/bwrap')))
    throw new Error(
      `the build root ${root} is missing, or has no bubblewrap: the next request for a probe composes it`,
    )
  const isRoot = process.getuid?.() === 0
  const ways = isRoot ? [BUILD_UID, undefined] : [undefined]
  const failures: string[] = []
  for (const uid of ways) {
    const [command, args] = bubblewrap(root, [...image(root), 'true'])
    const tried = spawnSync(command, args, { ...asUser(uid), env: {}, encoding: 'utf8' })
    if (tried.status === 0) return { run: (order) => start(root, uid, order) }
    failures.push(tried.error?.message ?? tried.stderr.trim())
  }
  throw new Error(
    `no build can run here, because ${isRoot ? 'root' : 'this user'} may not create user namespaces (${failures.join('; ')}). Allow them, as root: sysctl -w kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0, whichever this kernel has, and user.max_user_namespaces above 0; in a container, run it privileged`,
  )
}

const asUser = (uid: number | undefined) => (uid === undefined ? {} : { uid, gid: uid })

/** The root's own bubblewrap, by the root's own loader: nothing of the host's is run. */
function bubblewrap(root: string, args: readonly string[]): [string, string[]] {
  const [tuple, loader] =
    process.arch === 'arm64'
      ? ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1']
      : ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2']
  const libraries = join(root, 'usr/lib', tuple)
  const loading = ['--inhibit-cache', '--library-path', libraries, join(root, 'usr/bin/bwrap')]
  return [join(libraries, loader), [...loading, ...args]]
}

const image = (root: string): string[] => [
  ...['--unshare-all', '--die-with-parent', '--new-session', '--clearenv'],
  ...[
    '--ro-bind',
    join(root, 'usr'),
    '/usr',
    '--symlink',
    'usr/bin',
    '/bin',
    '--symlink',
    'usr/sbin',
    '/sbin',
  ],
  ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
  ...['--ro-bind-try', join(root, 'etc/alternatives'), '/etc/alternatives'],
  ...IMAGE_COMMANDS.flatMap((name) => ['--symlink', `/usr/bin/${name}`, `${IMAGE_PATH}/${name}`]),
  ...['--setenv', 'PATH', IMAGE_PATH, '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
]

function start(root: string, uid: number | undefined, order: Order): Running {
  const { scratch, roots, scripts, variables, store, privileged } = order
  const { folder, source } = prepare(uid, scratch, scripts)
  const environment = Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value])
  const folders = [
    ...['--bind', source, SOURCE_FOLDER, '--ro-bind', join(folder, 'scripts'), SCRIPTS],
    ...['--tmpfs', '/codebuild/state', '--chdir', SOURCE_FOLDER],
    ...['--ro-bind', roots.unpacked, '/roots', '--ro-bind', store, STORE],
    ...(privileged ? [] : UNPRIVILEGED),
  ]
  // The variables hold presigned URLs, so they come by a descriptor, not by a command line that all can read.
  const args = [...environment, ...folders].map((arg) => `${arg}\0`).join('')
  const [command, own] = bubblewrap(root, [...image(root), '--args', '4', '/usr/bin/sh', `${SCRIPTS}/driver`])
  const child = spawn(command, own, {
    ...asUser(uid),
    cwd: '/',
    env: {},
    // A group of its own, which `kill` reaches whole: until bubblewrap has set up its sandbox, its child waits for it, and
    // does not end with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  const input = child.stdio[4] as NodeJS.WritableStream
  input.on('error', () => {})
  input.end(args)
  const kill = (): void => {
    child.stdin?.destroy()
    killGroup(child.pid)
  }
  return { process: child, folder, kill }
}

/** Once it is gone, so is its number: no other group gets that of one whose leader was not waited for. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
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
export function ownScratch(scratch: string): void {
  mkdirSync(scratch, { recursive: true })
  const found = lstatSync(scratch)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${scratch} belongs to another user: remove it`)
  chmodSync(scratch, 0o711)
}

/** Never fails: what cannot be removed now is removed at the next start. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {})
