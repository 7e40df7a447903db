// What a user would run instead, and wrk, which asks it: out of a root composed from Debian's signed packages, as a build's
// root is. Nothing is installed.

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
/** Folder of their root. Composed once for this user, within seconds. */
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
  /** Answers `/hit` with a redirect, and has the folder's files below `/files/`. */
  readonly nginx: string
  /** wrk at a server of this machine's loopback */
  load(url: string, asked: Asked): Promise<Load>
  /** wrk at debuginfod, which serves the folder's one ELF file by its build id */
  debuginfod(asked: Asked): Promise<Load>
  stop(): Promise<void>
}

export interface Asked {
  readonly connections: number
  readonly seconds: number
}

/** `folder`: with an ELF file of that build id in `files/`; the servers write beside it. */
export async function startPeers(folder: string, port: number, buildId: string): Promise<Peers> {
  const nginx = await room(folder, 'shared', `nginx -c ${join(folder, 'nginx.conf')}`)
  // It listens on every address: so it has a network of its own, and its wrk is in there.
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
/** Until it has started, and read what it serves. */
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

/** In a network of its own. */
const PORT = 8002

interface Room {
  /** Resolves to what a command said. */
  run(command: string): Promise<string>
  stop(): Promise<void>
}

/** A shell in the peers' root, which sees that folder; its server ends with it, and it with this process. */
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
  // As root nginx would take another user's id, which it may not in here.
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
