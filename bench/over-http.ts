// Compares a hit over HTTP, and the download of a probe, with two file servers: debuginfod (by build id) and
// nginx (by name).

import { copyFile, mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { curl, freePort, sh } from '../test/support/registry/registry.ts'
import { type Peers, peersRoot, startPeers } from './peers.ts'
import type { Measure, Stage, Warm } from './stage.ts'
import type { Row } from './table.ts'
import { type About, inTurns, load, rowOf, seconds, skipped } from './turns.ts'
import type { Load } from './wrk.ts'

const CONNECTIONS = [1, 16, 64] as const
/** duration of each run of wrk */
const SECONDS = 1

export const measureHttp: Measure = (stage) =>
  besidePeers(stage, { name: 'http', what: 'hit over HTTP', against: 'debuginfod' }, async (peers, warm) => {
    const url = warm.registry.url + warm.path
    await peers.load(url, { connections: 16, seconds: SECONDS })
    const rows: Row[] = []
    for (const connections of CONNECTIONS)
      rows.push(...rowsOf(connections, await hitsInTurns(peers, url, connections, stage.rounds)))
    return rows
  })

interface Hits {
  readonly hit: Load
  readonly debuginfod: Load
  readonly redirect: Load
  /** load of the machine */
  readonly load: number
}

async function hitsInTurns(peers: Peers, url: string, connections: number, rounds: number): Promise<Hits[]> {
  const asked = { connections, seconds: SECONDS }
  const turns: Hits[] = []
  for (let round = 0; round < rounds; round += 1)
    turns.push({
      hit: await peers.load(url, asked),
      debuginfod: await peers.debuginfod(asked),
      redirect: await peers.load(`${peers.nginx}/hit`, asked),
      load: load(),
    })
  return turns
}

function rowsOf(connections: number, turns: readonly Hits[]): Row[] {
  const at = connections === 1 ? '1 connection' : `${connections} connections`
  const of = (hits: readonly Load[], unit: keyof Load, show: (value: number) => string): string =>
    hits.map((one) => show(one[unit])).join(', ')
  const count = (loads: readonly Load[]): string => of(loads, 'requests', (value) => value.toFixed(0))
  const row = (what: string, against: 'debuginfod' | 'redirect', unit: keyof Load, rest: Partial<About>) =>
    rowOf(
      { name: 'http', what: `hit over HTTP, ${at}: ${what}`, against: AGAINST[against], ...rest },
      turns.map((turn) => ({ ours: turn.hit[unit], theirs: turn[against][unit], load: turn.load })),
    )
  const all = (which: 'hit' | 'debuginfod' | 'redirect') => count(turns.map((turn) => turn[which]))
  return [
    row('requests a second', 'debuginfod', 'requests', {
      goal: { atLeast: 1 },
      note: `${all('hit')} a second; debuginfod ${all('debuginfod')}; nginx ${all('redirect')}`,
    }),
    row('p50', 'debuginfod', 'p50', { goal: { atMost: 1 } }),
    row('p99', 'debuginfod', 'p99', { goal: { atMost: 1 } }),
    row('requests a second', 'redirect', 'requests', {}),
  ]
}

const AGAINST = {
  debuginfod: 'debuginfod, a file of that size by build id',
  redirect: "nginx's bare redirect",
} as const

const TRANSFERS = 200

export const measureBytes: Measure = (stage) =>
  besidePeers(stage, { name: 'bytes', what: 'the bytes', against: 'nginx' }, async (peers, warm) => {
    const ours = await presigned(warm.registry.url + warm.path)
    const theirs = `${peers.nginx}/files/probe.ko`
    const rows: Row[] = []
    for (const connections of [1, 16]) {
      const rate = (url: string) => async () =>
        (TRANSFERS * warm.bytes) / 1e6 / (await fetched(url, connections))
      await rate(ours)()
      const turns = await inTurns(stage.rounds, rate(ours), rate(theirs))
      const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(0)).join(', ')
      const about: About = {
        ...{ name: 'bytes', what: `download by presigned URL, ${connections} at a time: MB/s` },
        ...{ against: 'nginx, that file from disk', goal: { atLeast: 0.8 } },
        note: `${list('ours')} MB/s; nginx ${list('theirs')}`,
      }
      rows.push(rowOf(about, turns))
    }
    return rows
  })

/** The presigned URL that a hit redirects to; it is valid for some minutes. */
async function presigned(hit: string): Promise<string> {
  const { headers } = await fetch(hit, { redirect: 'manual' })
  const location = headers.get('location')
  if (location === null) throw new Error(`${hit} is not sent on to its bytes`)
  return new URL(location, hit).href
}

/** Seconds for this many GETs. The requests differ only in the URL's fragment, which curl does not send. */
const fetched = (url: string, connections: number): Promise<number> =>
  seconds(async () => {
    const parallel = connections === 1 ? [] : ['--parallel', '--parallel-max', String(connections)]
    const { code, stderr } = await curl(['-fsSL', ...parallel, '-o', '/dev/null', `${url}#[1-${TRANSFERS}]`])
    if (code !== 0) throw new Error(stderr)
  })

async function besidePeers(
  stage: Stage,
  about: About,
  measure: (peers: Peers, warm: Warm) => Promise<Row[]>,
): Promise<readonly Row[]> {
  const root = await peersRoot().catch((error: unknown) => skipped(about, error))
  if (typeof root !== 'string') return [root]
  const warm = await stage.warm()
  const folder = join(stage.folder, 'peers')
  const port = await freePort()
  const buildId = await lay(folder, warm, root, port)
  const peers = await startPeers(folder, port, buildId)
  try {
    return await measure(peers, warm)
  } finally {
    await peers.stop()
  }
}

/**
 * Writes the files that the peers serve. Resolves to the build id of a Debian program, padded to the size of
 * the probe.
 */
async function lay(folder: string, { file, bytes }: Warm, root: string, port: number): Promise<string> {
  const files = join(folder, 'files')
  await mkdir(files, { recursive: true })
  await copyFile(file, join(files, 'probe.ko'))
  const program = join(files, 'program')
  await copyFile(join(root, 'usr/bin/wrk'), program)
  await truncate(program, bytes)
  await writeFile(join(folder, 'nginx.conf'), nginxConf(folder, port))
  const [, buildId] = /Build ID: ([0-9a-f]{40})/.exec(await sh('readelf', ['-n', program])) ?? []
  if (buildId === undefined) throw new Error(`${program} has no build id`)
  return buildId
}

const nginxConf = (folder: string, port: number): string => `
daemon off;
worker_processes auto;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  sendfile on;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location = /hit { return 307 /files/probe.ko; }
    location /files/ { root ${folder}; }
  }
}
`
