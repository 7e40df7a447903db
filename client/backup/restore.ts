// Makes the folder of data of an archive. Only the archive as a whole decides whether anything is written at all.

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

/** Error, for a person, where it holds less than a registry, or of a newer form of data. */
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
    throw new Error('it has failed events, and does not say of which queue')
  // Without it the first start makes another key.
  if (![...parts.keys()].some((path) => path.startsWith('custom-resources/')))
    throw new Error('it lacks what says that its signing key was made')
  const publicKey = partOf(archive, objectPath('artifacts', PUBLIC_KEY_OBJECT))
  const secrets = [...parts.values()].filter(({ path }) => path.startsWith('secrets/'))
  await checkKey(await Promise.all(secrets.map(archive.json)), await objectBody(archive, publicKey))
}

/** It is whole, and of the key that its name says. */
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

/** What a new file system has in it, and a folder that was only locked. */
const isNobodys = (name: string): boolean => name === 'lost+found' || name.startsWith(LOCK)

/**
 * Into a folder that is empty or not there. A crash leaves a mark, with which no stack starts on it; whatever else fails leaves
 * the folder empty. Error, for a person, for a folder that holds anything, which is then as it was.
 */
export async function restoreInto(wanted: string, archive: Archive): Promise<void> {
  refuseUsed(wanted)
  const { dir, unlock } = claimDataFolder(wanted)
  try {
    // Whoever had it before it was locked may have begun a registry in it.
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

/** Where a part lies in the folder of data. Its path is one of the few that an archive can have (form.ts). */
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

/** A file, or the entries of a folder. */
async function sync(path: string): Promise<void> {
  const handle = await open(resolve(path))
  await handle.sync().finally(() => handle.close())
}
