// Measures times and memory that must not depend on the number of probes in the index: a restart after a
// kill, hits, list pages and the sweep.

import { cp, readFile } from 'node:fs/promises'
import { Agent, get, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createDynamoDb } from '../lib/aws/dynamodb.ts'
import { createCall, DYNAMODB } from '../lib/aws/json-api.ts'
import { createIndex } from '../lib/aws/probe-index.ts'
import { pinned } from '../test/support/registry/kernels.ts'
import {
  curl,
  DRIVER_VERSION,
  freePort,
  type Registry,
  startRegistry,
} from '../test/support/registry/registry.ts'
import type { Measure } from './stage.ts'
import { median, type Row } from './table.ts'
import { load, rowOf } from './turns.ts'

const dynalite = createRequire(import.meta.url)('dynalite') as (options: { path: string }) => Server
const internals = createRequire(import.meta.url)('dynalite/db') as {
  create(options: { path: string }): { db: LevelDb; lifecycleManager: { gracefulClose(): Promise<void> } }
  createKey(item: Item, table: Table): string
  createIndexKey(item: Item, table: Table, keySchema: Table['KeySchema']): string
}
interface LevelDb {
  open(): Promise<void>
  get(key: string): Promise<unknown>
  keys(range: { gte: string; lt: string }): AsyncIterable<string>
  batch(puts: readonly { type: 'put'; key: string; value: Item }[]): Promise<void>
}
type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>
interface Table {
  readonly KeySchema: readonly { readonly AttributeName: string }[]
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string
    readonly KeySchema: Table['KeySchema']
  }[]
}

const SIZES = [1000, 100_000, 1_000_000]
const ROUNDS = 3
const WATCHED_MS = 20_000

/** The largest index takes some gigabytes on disk. */
export const measureIndexes: Measure = async ({ folder: work }) => {
  const dataDir = join(work, 'index')
  await firstProbe(dataDir)
  const folders: { items: number; folder: string; rounds: Round[] }[] = []
  for (const items of SIZES) {
    const folder = `${dataDir}-${items}`
    await cp(dataDir, folder, { recursive: true })
    await fill(join(folder, 'dynamodb'), PATH, items)
    // The first start in a new folder synthesizes the stack.
    await startOnce(folder, PATH)
    folders.push({ items, folder, rounds: [] })
  }
  // Alternate between the indexes, so that other load on the machine affects all of them.
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { folder, rounds } of folders) rounds.push(await startOnce(folder, PATH))
  const [small, ...large] = folders
  if (small === undefined) throw new Error('no index was measured')
  return large.flatMap(({ items, rounds }) => rowsOf(items, rounds, small.rounds))
}

function rowsOf(items: number, rounds: readonly Round[], small: readonly Round[]): Row[] {
  const about = { name: 'index', against: `${SIZES[0]} probes`, goal: { atMost: 1.5 } }
  const of = (what: string, unit: Exclude<keyof Round, 'load'>, show: (value: number) => string) => {
    const list = (all: readonly Round[]) => all.map((one) => show(one[unit])).join(', ')
    const turns = rounds.map((one, i) => ({ ours: one[unit], theirs: small[i]![unit], load: one.load }))
    return rowOf({ ...about, what, note: `${list(rounds)}; ${list(small)}` }, turns)
  }
  return [
    of(`${items} probes: first hit after a kill`, 'seconds', (value) => `${value.toFixed(2)} s`),
    of(`${items} probes: memory`, 'megabytes', (value) => `${value.toFixed(0)} MB`),
    of(`${items} probes: slowest of a hundred hits`, 'slowest', (value) => `${value.toFixed(0)} ms`),
    of(`${items} probes: a page of /v1/probes`, 'page', (value) => `${value.toFixed(1)} ms`),
    of(`${items} probes: the read of a sweep`, 'sweep', (value) => `${value.toFixed(1)} ms`),
  ]
}

const PATH = `driver/${DRIVER_VERSION}/x86_64/scap_debian_${pinned('6.1', 'amd64').release}_1.ko`

async function firstProbe(dataDir: string): Promise<void> {
  const registry = await startRegistry({ dataDir })
  const got = await curl(['-fsSL', '--retry', '3', '-o', '/dev/null', `${registry.url}/${PATH}`])
  await registry.stop()
  if (got.code !== 0) throw new Error(got.stderr)
}

interface Round {
  /** from the start of the process to the first hit */
  readonly seconds: number
  /** maximum memory of the process itself, without the pages of the database's files */
  readonly megabytes: number
  /** milliseconds of the slowest of a hundred hits */
  readonly slowest: number
  /** milliseconds of one list page */
  readonly page: number
  /** milliseconds of the database's query for overdue builds */
  readonly sweep: number
  /** load of the machine */
  readonly load: number
}

/** Starts from the data that the killed stack left, and kills the stack again for the next round. */
async function startOnce(dataDir: string, path: string): Promise<Round> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/${path}`
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const began = performance.now()
  const starting = startRegistry({ dataDir, port })
  while ((await statusOf(url, agent)) !== 307) await new Promise((resolve) => setTimeout(resolve, 20))
  const seconds = (performance.now() - began) / 1000
  const registry = await starting
  const { slowest, megabytes } = await hits(registry, url, agent)
  const page = await typical(async () => {
    if ((await statusOf(`http://127.0.0.1:${port}/v1/probes`, agent)) !== 200) throw new Error('no list')
  })
  agent.destroy()
  await registry.stop('SIGKILL')
  return { seconds, megabytes, slowest, page, sweep: await sweep(dataDir), load: load() }
}

const TIMES = 20

/** Milliseconds. */
async function typical(action: () => Promise<unknown>): Promise<number> {
  const all: number[] = []
  for (let i = 0; i < TIMES; i += 1) {
    const began = performance.now()
    await action()
    all.push(performance.now() - began)
  }
  return median(all)
}

/** Opens the stack's database in a separate dynalite. */
async function sweep(dataDir: string): Promise<number> {
  const { tables } = JSON.parse(await readFile(join(dataDir, 'operator.json'), 'utf8')) as {
    tables: { Probes: string }
  }
  const server = dynalite({ path: join(dataDir, 'dynamodb') })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = async () => ({ accessKeyId: 'bench', secretAccessKey: 'bench' })
  const call = createCall(DYNAMODB, { endpoint, region: 'us-east-1', credentials, now: Date.now })
  const index = createIndex(createDynamoDb(call), tables.Probes, Date.now)
  try {
    return await typical(() => index.overdue(Date.now(), 100))
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function hits(
  registry: Registry,
  url: string,
  agent: Agent,
): Promise<Pick<Round, 'slowest' | 'megabytes'>> {
  const until = performance.now() + WATCHED_MS
  const times: number[] = []
  let megabytes = 0
  while (performance.now() < until) {
    const began = performance.now()
    if ((await statusOf(url, agent)) !== 307) throw new Error('a hit was no hit')
    times.push(performance.now() - began)
    megabytes = Math.max(megabytes, await ownMegabytes(registry))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { slowest: times.toSorted((a, b) => b - a)[Math.floor(times.length / 100)] ?? 0, megabytes }
}

const statusOf = (url: string, agent: Agent): Promise<number | undefined> =>
  new Promise((resolve) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    }).on('error', () => resolve(undefined))
  })

async function ownMegabytes({ pid }: Registry): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

const BATCH = 2000

/**
 * Copies the probe's item for other kernels, with index entries. It writes past dynalite, which would need a
 * day.
 */
async function fill(path: string, id: string, items: number): Promise<void> {
  const { db, lifecycleManager } = internals.create({ path })
  await db.open()
  const name = await tableOf(db, id)
  const table = (await db.get(`table~${name}`)) as Table
  const item = (await db.get(`item-${name}~${internals.createKey({ id: { S: id } }, table)}`)) as Item
  for (let from = 0; from < items; from += BATCH)
    await db.batch(
      Array.from({ length: Math.min(BATCH, items - from) }, (_, i) => copyOf(item, from + i)).flatMap(
        (copy) => entriesOf(name, table, copy),
      ),
    )
  await lifecycleManager.gracefulClose()
}

async function tableOf(db: LevelDb, id: string): Promise<string> {
  for await (const key of db.keys({ gte: 'item-', lt: 'item.' })) {
    const name = key.slice('item-'.length, key.indexOf('~'))
    if (name.includes('Probes')) return name
  }
  throw new Error(`no table holds ${id}`)
}

function copyOf(item: Item, i: number): Item {
  const release = `6.1.${i}-1-amd64`
  const id = item.id?.S?.replace(/_debian_[^_]+_/, `_debian_${release}_`)
  return {
    ...item,
    id: { S: id ?? '' },
    ...(item.kernelRelease === undefined ? {} : { kernelRelease: { S: release } }),
  }
}

function entriesOf(name: string, table: Table, value: Item) {
  const indexes = (table.GlobalSecondaryIndexes ?? []).filter(({ KeySchema }) =>
    KeySchema.every(({ AttributeName }) => value[AttributeName] !== undefined),
  )
  const put = (key: string) => ({ type: 'put' as const, key, value })
  return [
    put(`item-${name}~${internals.createKey(value, table)}`),
    ...indexes.map(({ IndexName, KeySchema }) =>
      put(`index-global~${name}~${IndexName}~${internals.createIndexKey(value, table, KeySchema)}`),
    ),
  ]
}
