// Restores the data folder from an archive. Nothing is written until the complete archive was checked.

import { createWriteStream, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PUBLIC_KEY_OBJECT } from '../../lib/model/keys.ts'
import { openDynalite } from '../../local/dynamodb/dynalite.ts'
import { objectName, readInfo } from '../../local/s3/objects.ts'
import {
  claimDataFolder,
  FORM as DATA_FORM,
  LOCK,
  markForm,
  RESTORING,
} from '../../local/start/data-folder.ts'
import type { JsonObject } from '../../local/wire/json.ts'
import { artifactsOf, checkKey, type Item, objectPath, pageSchema } from './contents.ts'
import type { TableDescription } from './form.ts'
import type { Archive, Part } from './read.ts'
import { bytesOf } from './write.ts'

const TABLES = ['probes', 'sources'] as const
type TableKey = (typeof TABLES)[number]

/**
 * @throws {Error} with a readable message if a part of a registry is missing, or the data has a newer format.
 */
export async function checkContents(archive: Archive): Promise<void> {
  const { header, parts } = archive
  if (header.dataForm > DATA_FORM)
    throw new Error(
      `its data is of a newer version of this software (form ${header.dataForm}; this one knows ${DATA_FORM}): restore it with that version`,
    )
  for (const part of parts.values()) if (part.path.startsWith('objects/')) await checkObject(archive, part)
  for await (const item of itemsOf(archive, 'probes'))
    for (const key of artifactsOf(item)) partOf(archive, objectPath('artifacts', key))
  if (header.failedEvents === undefined && [...parts.keys()].some((path) => path.startsWith('queues/')))
    throw new Error('it has failed events, but not the name of their queue')
  // Without this file the first start would make another key.
  if (![...parts.keys()].some((path) => path.startsWith('custom-resources/')))
    throw new Error('it lacks the record of its signing key')
  const publicKey = partOf(archive, objectPath('artifacts', PUBLIC_KEY_OBJECT))
  const secrets = [...parts.values()].filter(({ path }) => path.startsWith('secrets/'))
  await checkKey(await Promise.all(secrets.map(archive.json)), await objectBody(archive, publicKey))
}

/** Checks that the object is complete and that its key matches its file name. */
async function checkObject({ file }: Archive, { path, start, bytes }: Part): Promise<void> {
  const { key } = await readInfo(file, path, { start, size: bytes })
  if (!path.endsWith(`/${objectName(key)}`)) throw new Error(`${path} is an object of another name`)
}

async function objectBody({ file }: Archive, { path, start, bytes }: Part): Promise<Buffer> {
  const info = await readInfo(file, path, { start, size: bytes })
  const chunks: Uint8Array[] = []
  for await (const chunk of bytesOf(file, start, info.bytes)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function partOf({ parts }: Archive, path: string): Part {
  const part = parts.get(path)
  if (part === undefined) throw new Error(`it lacks ${path}, which its index leads to`)
  return part
}

async function* itemsOf(archive: Archive, table: TableKey): AsyncGenerator<Item> {
  for (const part of archive.parts.values())
    if (part.path.startsWith(`tables/${table}/`)) yield* pageSchema.parse(await archive.json(part))
}

/** True for entries of a new file system, and for the lock of a folder. */
const isNobodys = (name: string): boolean => name === 'lost+found' || name.startsWith(LOCK)

/**
 * Restores into an empty or new folder. A crash leaves a mark, and no stack starts on a folder with that
 * mark. Any other failure leaves the folder empty.
 * @throws {Error} with a readable message if the folder has other contents; they stay unchanged.
 */
export async function restoreInto(wanted: string, archive: Archive): Promise<void> {
  refuseUsed(wanted)
  const { dir, unlock } = claimDataFolder(wanted)
  try {
    // Before we got the lock, another process may have started a registry here.
    refuseUsed(dir)
    writeFileSync(join(dir, RESTORING), '', { mode: 0o600, flush: true })
    try {
      await writeAll(dir, archive)
    } catch (error) {
      empty(dir)
      throw error
    }
    rmSync(join(dir, RESTORING))
    await sync(dir)
  } finally {
    unlock()
  }
}

function refuseUsed(dir: string): void {
  const found = namesIn(dir).find((name) => !isNobodys(name))
  if (found !== undefined)
    throw new Error(
      `${dir} is not empty (${found} is in it): a backup is restored into an empty folder or a new one, while no registry runs on it`,
    )
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const empty = (dir: string): void => {
  for (const name of namesIn(dir).filter((name) => !isNobodys(name)))
    rmSync(join(dir, name), { recursive: true, force: true })
}

async function writeAll(dir: string, archive: Archive): Promise<void> {
  const folders = new Set<string>()
  for (const part of archive.parts.values()) {
    if (part.path.startsWith('tables/')) continue
    const file = join(dir, placeOf(archive, part))
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    folders.add(dirname(file))
    await pipeline(archive.read(part), createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }))
  }
  await writeTables(join(dir, 'dynamodb'), archive)
  markForm(dir, archive.header.dataForm)
  for (const folder of [...folders, join(dir, 'dynamodb'), dir]) await sync(folder)
}

/** Path of a part in the data folder. form.ts allows only a few paths in an archive. */
function placeOf({ header: { buckets, failedEvents } }: Archive, { path }: Part): string {
  const [kind, bucket, name] = path.split('/')
  if (kind === 'queues') return join('queues', String(failedEvents), String(name))
  return kind === 'objects' ? join('s3', buckets[bucket as keyof typeof buckets], String(name)) : path
}

async function writeTables(dir: string, archive: Archive): Promise<void> {
  const dynalite = await openDynalite(dir)
  const perform = async (operation: string, input: object): Promise<JsonObject> => {
    const { status, body } = await dynalite.perform(operation, input as JsonObject)
    if (status !== 200) throw new Error(`its tables cannot be made: ${JSON.stringify(body)}`)
    return body
  }
  try {
    for (const table of TABLES) {
      const description = archive.header.tables[table]
      await perform('CreateTable', { ...description, BillingMode: 'PAY_PER_REQUEST' })
      await active(perform, description)
      for await (const Item of itemsOf(archive, table))
        await perform('PutItem', { TableName: description.TableName, Item })
    }
  } finally {
    await dynalite.close()
  }
  for (const name of readdirSync(dir)) await sync(join(dir, name))
}

async function active(
  perform: (operation: string, input: object) => Promise<JsonObject>,
  { TableName }: TableDescription,
): Promise<void> {
  for (;;) {
    const { Table } = await perform('DescribeTable', { TableName })
    if ((Table as JsonObject | undefined)?.TableStatus === 'ACTIVE') return
    await new Promise((done) => setTimeout(done, 2))
  }
}

/** Flushes a file, or the entries of a folder, to disk. */
async function sync(path: string): Promise<void> {
  const handle = await open(resolve(path))
  await handle.sync().finally(() => handle.close())
}
