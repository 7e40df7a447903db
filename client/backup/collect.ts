// Reads everything that a backup contains from a running registry. It reads the index first, then the objects
// that the index names. Objects are written before the index and never change, so every named object exists.

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
  /** name of the queue of failed events */
  readonly failedEvents: string
  readonly now: () => number
}

export interface Collected {
  /** number of published probes */
  readonly probes: number
  /** number of submitted kernels */
  readonly kernels: number
  /** number of events that wait for an operator */
  readonly failedEvents: number
}

/** Maximum items of one page. A page of DynamoDB has at most 1 MB. */
const PAGE = 500

/** Copies everything, or throws an Error with a readable message: a backup is never partial. */
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

/** Describes the table, so that a restore can create it again. */
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

/** Writes one file per page. Returns the attributes that name objects. */
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

/** Refuses binary attributes: JSON would change them. */
const plain = (items: unknown): unknown =>
  JSON.parse(
    JSON.stringify(items, (_, value: unknown) => {
      if (value instanceof Uint8Array)
        throw new Error('an item of a table holds bytes, which no backup can hold')
      return value
    }),
  )

type Copy = (bucket: Bucket, key: string) => Promise<void>

/** Copies each object once: its bytes and its metadata, as they are on disk. */
function copier(objects: Objects, buckets: Running['buckets'], writer: Writer): Copy {
  const copied = new Set<string>()
  return async (bucket, key) => {
    const path = objectPath(bucket, key)
    if (copied.has(path)) return
    copied.add(path)
    const found = await objects.open(buckets[bucket], key)
    if (found === undefined) throw new Error(`the object ${key} is missing: the backup would not be complete`)
    try {
      const { size } = await found.file.stat()
      await writer.add(path, size, bytesOf(found.file, 0, size))
    } finally {
      await found.file.close()
    }
  }
}

/** Writes a record after the objects that it names. */
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

/**
 * Copies each event as one file. Nobody changes these files. If an operator removes an event meanwhile, it is
 * left out.
 */
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

/** Files in these folders are replaced atomically by a rename, so a read returns the old or the new file. */
const KEY_FOLDERS = ['secrets', 'custom-resources']

/** Copies the signing key, and the record that the key was made. */
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
