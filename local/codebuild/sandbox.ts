// Runs a build in a sandbox: a bare image made from a build root. Its only network is the store's socket.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Order } from './builder-protocol.ts'
import { SCRIPTS } from './buildspec.ts'

export interface Running {
  readonly process: ChildProcess
  /** Kills everything in the sandbox, also before it has started. */
  kill(): void
  /** folder that the caller removes when the process has ended */
  readonly folder: string
}

/** Working folder of a build. */
export const SOURCE_FOLDER = '/codebuild/src'

/** A uid that the host does not use, so that a process that escapes from the sandbox owns nothing. */
const BUILD_UID = 64055

/** Same path as in buildspecs/common/transfer.sh. */
const STORE = '/run/store.sock'

/** A container may not create namespaces unless it is privileged: https://docs.docker.com/engine/security/seccomp/ */
const UNPRIVILEGED = ['--unshare-user', '--disable-userns']

/**
 * Commands that the steps expect in a project's image: a shell, curl, tar with gzip, and parts of coreutils. CodeBuild's own
 * images contain them: https://github.com/aws/aws-codebuild-docker-images/blob/master/al/x86_64/standard/5.0/Dockerfile and
 * https://github.com/aws/aws-codebuild-docker-images/blob/master/al/aarch64/standard/3.0/Dockerfile.
 */
const IMAGE_COMMANDS =
  'sh curl tar gzip base64 cat chmod cp cut date dirname env false head id ls mkdir mv pwd rm sha256sum sleep sort stat tail tee touch tr true uname wc'.split(
    ' ',
  )
/** The `PATH` of the image. */
export const IMAGE_PATH = '/image'

/**
 * `root`: folder of a build root that contains bubblewrap. If bubblewrap runs with the host's uid 0, it covers parts of /proc, and
 * then the kernel does not let an inner sandbox mount a /proc. So root runs it under an unused uid, if that uid may create user
 * namespaces. Otherwise it runs as root, and inner sandboxes use the outer /proc. Throws if neither works.
 */
export function openSandbox(root: string): { run(order: Order): Running } {
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

/** Runs the build root's own bubblewrap and dynamic loader, so no program of the host runs. */
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
  ...['--ro-bind', join(root, 'usr'), '/usr'],
  ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
  ...['--ro-bind-try', join(root, 'etc/alternatives'), '/etc/alternatives'],
  ...IMAGE_COMMANDS.flatMap((name) => ['--symlink', `/usr/bin/${name}`, `${IMAGE_PATH}/${name}`]),
  ...['--setenv', 'PATH', IMAGE_PATH, '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
]

/**
 * Starts `sh {SCRIPTS}/driver` in a new folder below `scratch`, with the roots at /roots. The output is on stdout and stderr,
 * and the driver's reports are on descriptor 3. When this process ends, everything in the sandbox ends.
 */
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
  // The variables contain presigned URLs, so they go through a descriptor: every user can read a command line.
  const args = [...environment, ...folders].map((arg) => `${arg}\0`).join('')
  const [command, own] = bubblewrap(root, [...image(root), '--args', '4', '/usr/bin/sh', `${SCRIPTS}/driver`])
  const child = spawn(command, own, {
    ...asUser(uid),
    cwd: '/',
    env: {},
    // A process group for `kill`: until bubblewrap has finished its setup, its child survives it.
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

/** Safe, because the group's number is not reused before its leader has been waited for. */
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

/** Creates the folder for the folders of builds. Throws if another user owns it, because its name is predictable. */
export function ownScratch(scratch: string): void {
  mkdirSync(scratch, { recursive: true })
  const found = lstatSync(scratch)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${scratch} belongs to another user: remove it`)
  chmodSync(scratch, 0o711)
}

/** Ignores errors: the next start removes what is left. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {})
