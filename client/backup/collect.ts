// What a backup holds, read of a registry that runs. The index comes first and then what it leads to: objects are written before
// the index and never change, so that whatever the copied index names is there.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DescribeTableCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { kernelKey, PUBLIC_KEY_OBJECT } from '../../lib/model/keys.ts'
import { type Objects, openObjects, wholeObject } from '../../local/s3/objects.ts'
import { formOf } from '../../local/start/data-folder.ts'
import {
  artifactsOf,
  type Bucket,
  checkKey,
  type Item,
  inputsOf,
  isKept,
  isSettled,
  objectPath,
  pageSchema,
} from './contents.ts'
import { FORM, HEADER, type Header, mostOf, type TableDescription } from './form.ts'
import { bytesOf, type Writer } from './write.ts'

export interface Running {
  readonly dataDir: string
  readonly client: DynamoDBClient
  readonly tables: { readonly probes: string; readonly sources: string }
  readonly buckets: Readonly<Record<Bucket, string>>
  /** the queue of failed events */
  readonly failedEvents: string
  readonly now: () => number
}

export interface Collected {
  /** published ones */
  readonly probes: number
  /** that hosts submitted */
  readonly kernels: number
  /** that wait for an operator */
  readonly failedEvents: number
}

/** Items of one page at most: one of DynamoDB's has at most 1 MB. */
const PAGE = 500

/** Error, for a person, where something is missing: a backup is whole or none. */
export async function collect(running: Running, writer: Writer): Promise<Collected> {
  const { dataDir, buckets } = running
  await writeJson(writer, HEADER, await headerOf(running))
  const index = await copyTable(running, 'probes', writer, isSettled)
  await copyTable(running, 'sources', writer, isKept)
  const objects = openObjects(join(dataDir, 's3'), [])
  const copy = copier(objects, buckets, writer)
  const kernels = await copyKernels(objects, buckets.inputs, copy)
  for (const key of new Set([PUBLIC_KEY_OBJECT, ...index.flatMap(artifactsOf)])) await copy('artifacts', key)
  const failedEvents = await copyFailedEvents(running, writer)
  await copyKey(dataDir, objects, buckets.artifacts, writer)
  return { probes: index.filter(({ objectKey }) => objectKey !== undefined).length, kernels, failedEvents }
}

async function headerOf(running: Running): Promise<Header> {
  const { dataDir, client, tables, buckets, failedEvents, now } = running
  const dataForm = formOf(dataDir)
  if (dataForm === undefined) throw new Error(`${dataDir} is not the folder of a registry`)
  return {
    ...{ backup: 'probe-registry', form: FORM, dataForm, madeAt: new Date(now()).toISOString() },
    ...{ buckets, failedEvents },
    tables: {
      probes: await describe(client, tables.probes),
      sources: await describe(client, tables.sources),
    },
  }
}

/** What it takes to make the table again. */
async function describe(client: DynamoDBClient, name: string): Promise<TableDescription> {
  const { Table = {} } = await client.send(new DescribeTableCommand({ TableName: name }))
  const { KeySchema = [], AttributeDefinitions = [], GlobalSecondaryIndexes } = Table
  const indexes = GlobalSecondaryIndexes?.map((index) => ({
    ...{ IndexName: index.IndexName, KeySchema: index.KeySchema, Projection: index.Projection },
  }))
  return {
    ...{ TableName: name, KeySchema, AttributeDefinitions },
    ...(indexes === undefined ? {} : { GlobalSecondaryIndexes: indexes }),
  } as TableDescription
}

/** One file a page. Gives of each item what leads to objects. */
async function copyTable(
  { client, tables }: Running,
  table: 'probes' | 'sources',
  writer: Writer,
  wanted: (item: Item) => boolean,
): Promise<Item[]> {
  const leads: Item[] = []
  let pages = 0
  const query = { TableName: tables[table], Limit: PAGE, ConsistentRead: true }
  for await (const { Items = [] } of paginateScan({ client }, query)) {
    const items = pageSchema.parse(plain(Items)).filter(wanted)
    if (items.length === 0) continue
    pages += 1
    await writeJson(writer, `tables/${table}/${String(pages).padStart(6, '0')}.json`, items)
    leads.push(...items.map(leadOf))
  }
  return leads
}

const leadOf = ({ objectKey, logKey }: Item): Item => ({
  ...(objectKey === undefined ? {} : { objectKey }),
  ...(logKey === undefined ? {} : { logKey }),
})

/** No table has bytes: as JSON they would be something else. */
const plain = (items: unknown): unknown =>
  JSON.parse(
    JSON.stringify(items, (_, value: unknown) => {
      if (value instanceof Uint8Array)
        throw new Error('an item of a table holds bytes, which no backup can hold')
      return value
    }),
  )

type Copy = (bucket: Bucket, key: string) => Promise<void>

/** Objects as they lie on disk, each once: their bytes and what is known about them. */
function copier(objects: Objects, buckets: Running['buckets'], writer: Writer): Copy {
  const copied = new Set<string>()
  return async (bucket, key) => {
    const path = objectPath(bucket, key)
    if (copied.has(path)) return
    copied.add(path)
    const found = await objects.open(buckets[bucket], key)
    if (found === undefined) throw new Error(`the object ${key} is missing: the backup would not be whole`)
    try {
      const { size } = await found.file.stat()
      await writer.add(path, size, bytesOf(found.file, 0, size))
    } finally {
      await found.file.close()
    }
  }
}

/** A record is written after what it leads to. */
async function copyKernels(objects: Objects, bucket: string, copy: Copy): Promise<number> {
  let kernels = 0
  for await (const { key } of objects.list(bucket)) {
    if (!key.startsWith(kernelKey(''))) continue
    await copy('inputs', key)
    const record = await wholeObject(objects, bucket, key)
    for (const part of inputsOf((record ?? Buffer.alloc(0)).toString())) await copy('inputs', part)
    kernels += 1
  }
  return kernels
}

/** Each is a file of its own, which nobody changes. One that an operator is done with meanwhile is gone, and stays so. */
async function copyFailedEvents({ dataDir, failedEvents }: Running, writer: Writer): Promise<number> {
  const folder = join(dataDir, 'queues', failedEvents)
  let copied = 0
  for (const name of ((await unlessGone(readdir(folder))) ?? []).sort()) {
    const path = `queues/failed-events/${name}`
    const body = mostOf(path) === undefined ? undefined : await unlessGone(readFile(join(folder, name)))
    if (body === undefined) continue
    await writer.add(path, body.length, [body])
    copied += 1
  }
  return copied
}

async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Both are replaced whole, by a rename: what is read is one of them or the next. */
const KEY_FOLDERS = ['secrets', 'custom-resources']

/** The signing key, and what says that it was made. */
async function copyKey(dataDir: string, objects: Objects, bucket: string, writer: Writer): Promise<void> {
  const secrets: unknown[] = []
  for (const folder of KEY_FOLDERS)
    for (const name of (await readdir(join(dataDir, folder)))
      .filter((name) => name.endsWith('.json'))
      .sort()) {
      const body = await readFile(join(dataDir, folder, name))
      if (folder === 'secrets') secrets.push(JSON.parse(body.toString()))
      await writer.add(`${folder}/${name}`, body.length, [body])
    }
  const publicKey = await wholeObject(objects, bucket, PUBLIC_KEY_OBJECT)
  await checkKey(secrets, publicKey ?? new Uint8Array())
}

const writeJson = async (writer: Writer, path: string, value: unknown): Promise<void> => {
  const body = Buffer.from(JSON.stringify(value))
  await writer.add(path, body.length, [body])
}
