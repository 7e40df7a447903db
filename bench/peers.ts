// Runs the alternatives that a user could run, and wrk as their client, in a root composed from Debian's
// signed packages like the root of a build. Nothing is installed.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openRootCache } from '../client/roots/cache.ts'
import { folderListDates, folderStore } from '../client/roots/folder-store.ts'
import { ROOT_KEYRING } from '../lib/archives/roots.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { rootOf } from '../lib/build/roots/roots.ts'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { aptOptions } from '../local/start/apt-sources.ts'
import { machine } from '../test/support/builds/build.ts'
import { CACHE } from '../test/support/builds/roots.ts'
import { mainMirror } from '../test/support/mirrors.ts'
import { type Load, readLoad } from './wrk.ts'

const PACKAGES = ['wrk', 'nginx', 'debuginfod', 'dash', 'coreutils']

let composed: Promise<string> | undefined
/** Folder of the root, composed once for this user within seconds. */
export function peersRoot(): Promise<string> {
  composed ??= compose()
  return composed
}

async function compose(): Promise<string> {
  const fetch = createFetch({ timeoutMs: 300_000 })
  const lists = folderListDates(CACHE)
  const ports = { fetch, now: Date.now, lists, inputs: folderStore(CACHE), log: () => {} }
  const suite = { mirror: mainMirror(), suite: DEFAULTS.roots.steps, ...aptOptions() }
  const root = await rootOf({ ...ports, keyring: ROOT_KEYRING }, suite, machine, PACKAGES)
  const { folder } = await openRootCache(CACHE, fetch).root(root)
  return folder
}

export interface Peers {
  /** Answers `/hit` with a redirect, and serves the folder's files below `/files/`. */
  readonly nginx: string
  /** Runs wrk against a server on this machine's loopback. */
  load(url: string, asked: Asked): Promise<Load>
  /** Runs wrk against debuginfod, which serves the folder's one ELF file by its build id. */
  debuginfod(asked: Asked): Promise<Load>
  stop(): Promise<void>
}

export interface Asked {
  readonly connections: number
  readonly seconds: number
}

/** `folder`: contains an ELF file with that build id in `files/`; the servers write to other paths in it. */
export async function startPeers(folder: string, port: number, buildId: string): Promise<Peers> {
  const nginx = await room(folder, 'shared', `nginx -c ${join(folder, 'nginx.conf')}`)
  // debuginfod listens on every address, so it gets its own network, which its wrk shares.
  const files = join(folder, 'files')
  const debuginfod = await room(folder, 'own', `debuginfod -p ${PORT} -F -d :memory: -t 0 ${files}`)
  const load = async ({ run }: Room, url: string, { connections, seconds }: Asked): Promise<Load> =>
    readLoad(await run(`wrk -t 1 -c ${connections} -d ${seconds} --timeout 10 --latency ${url}`))
  const artifact = `http://127.0.0.1:${PORT}/buildid/${buildId}/executable`
  const first = { connections: 1, seconds: 1 }
  await patiently(() => load(nginx, `http://127.0.0.1:${port}/hit`, first))
  await patiently(() => load(debuginfod, artifact, first))
  return {
    nginx: `http://127.0.0.1:${port}`,
    load: (url, asked) => load(nginx, url, asked),
    debuginfod: (asked) => load(debuginfod, artifact, asked),
    stop: async () => {
      await Promise.all([nginx.stop(), debuginfod.stop()])
    },
  }
}

const TRIES = 20
/** Retries until the server has started and read its files. */
async function patiently<T>(action: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await action()
    } catch (error) {
      if (tries === TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

/** Port in the separate network. */
const PORT = 8002

interface Room {
  /** Resolves to the output of a command. */
  run(command: string): Promise<string>
  stop(): Promise<void>
}

/**
 * Opens a shell in the peers' root that sees the folder. Its server ends with the shell, and the shell ends
 * with this process.
 */
async function room(folder: string, network: 'shared' | 'own', server: string): Promise<Room> {
  const root = await peersRoot()
  const binds = ['--ro-bind', join(root, 'usr'), '/usr', '--ro-bind', join(root, 'etc'), '/etc']
  const links = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`])
  const own = [
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--tmpfs',
    '/tmp',
    '--tmpfs',
    '/var',
    '--bind',
    folder,
    folder,
  ]
  // As root, nginx would switch to another user id, which the sandbox forbids.
  const alone = ['--unshare-all', '--unshare-user', '--uid', '1', '--gid', '1', '--die-with-parent']
  const shared = network === 'shared' ? ['--share-net'] : []
  const loop = `${server} >/dev/null 2>&1 & while read -r line; do $line 2>&1; echo "$0"; done`
  const end = randomUUID()
  const shell = spawn('bwrap', [...alone, ...shared, ...binds, ...links, ...own, 'sh', '-c', loop, end], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]()
  return {
    run: async (command) => {
      shell.stdin.write(`${command}\n`)
      const said: string[] = []
      for (let line = await lines.next(); line.value !== end; line = await lines.next()) {
        if (line.done) throw new Error(`the shell of ${server} ended:\n${said.join('\n')}`)
        said.push(line.value)
      }
      return said.join('\n')
    },
    stop: () => ended(shell),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
