// Stores each object as one file: its bytes, then its metadata. So one rename publishes both.

import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { type FileHandle, link, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../wire/digest.ts'
import type { Checksums } from './digests.ts'
import { type HeldObject, holdObjects } from './held.ts'

export interface ObjectInfo {
  readonly key: string
  readonly bytes: number
  /** with its quotes */
  readonly etag: string
  /** milliseconds since the epoch */
  readonly lastModified: number
  /** headers that a response repeats, including `x-amz-meta-*` */
  readonly headers: Readonly<Record<string, string>>
  readonly checksums: Checksums
}

interface Upload {
  readonly bucket: string
  readonly key: string
  readonly body: AsyncIterable<Uint8Array>
  /** called after the complete body; throws to refuse the object */
  readonly info: () => ObjectInfo
  /** whether to refuse an object that exists already */
  readonly ifAbsent: boolean
}

export interface Objects {
  put(upload: Upload): Promise<'stored' | 'exists'>
  /** The caller closes `file`. The object's bytes are at the start of the file. */
  open(bucket: string, key: string): Promise<{ info: ObjectInfo; file: FileHandle } | undefined>
  /** An object that is kept in memory; `undefined` if it is big or in a bucket of `used`. Never write to its bytes. */
  held(bucket: string, key: string): Promise<HeldObject | undefined>
  /** Does nothing if the object does not exist. */
  delete(bucket: string, key: string): Promise<void>
  /** In no particular order. */
  list(bucket: string): AsyncIterable<ListedObject>
  /** Deletes the object unless it was read or replaced since it was listed. Returns whether it did. */
  deleteUnused(bucket: string, object: ListedObject): Promise<boolean>
}

export interface ListedObject extends ObjectInfo {
  /** milliseconds since the epoch: when it was stored or, in a bucket of `used`, last read, to the hour */
  readonly usedAt: number
}

interface ObjectsOptions {
  /** folder of each bucket that several processes share: there, files appear complete or not at all */
  readonly shared?: Readonly<Record<string, string>>
  /** buckets that record when an object was last read */
  readonly used?: readonly string[]
}

/** The end of every file: four bytes with the length of the JSON, then `S3o1`. */
const MAGIC = Buffer.from('S3o1')
const OBJECT = /^[0-9a-f]{64}$/
const TAIL_BYTES = 8
const MAX_INFO_BYTES = 1024 * 1024

/** Only one process at a time may use `dir`. Removes incomplete files that a crash left. */
export function openObjects(
  dir: string,
  buckets: readonly string[],
  { shared = {}, used = [] }: ObjectsOptions = {},
): Objects {
  const incoming = join(dir, '.incoming')
  if (buckets.length > 0) rmSync(incoming, { recursive: true, force: true })
  const folderOf = (bucket: string): string => shared[bucket] ?? join(dir, bucket)
  for (const folder of [incoming, ...buckets.map(folderOf)]) mkdirSync(folder, { recursive: true })
  // The file name is the key's digest, so that no key can form a path or be too long.
  const fileOf = (bucket: string, key: string) => join(folderOf(bucket), objectName(key))
  const held = holdObjects(readWhole)
  const opened: Objects['open'] = async (bucket, key) => {
    const object = await openObject(fileOf(bucket, key))
    if (object !== undefined && used.includes(bucket)) await tellUse(object.file)
    return object
  }
  return {
    put: async (upload) => {
      const { bucket, key, ifAbsent } = upload
      const there = ifAbsent ? await opened(bucket, key) : undefined
      await there?.file.close()
      if (there !== undefined) return refused(upload)
      const folder = folderOf(bucket)
      const temporary = join(bucket in shared ? folder : incoming, `.${randomUUID()}`)
      const file = fileOf(bucket, key)
      return put(upload, temporary, file, folder).finally(() => held.forget(file))
    },
    open: opened,
    held: async (bucket, key) => (used.includes(bucket) ? undefined : held.get(fileOf(bucket, key))),
    async delete(bucket, key) {
      const file = fileOf(bucket, key)
      await unlink(file).catch(unlessAbsent)
      held.forget(file)
      await sync(folderOf(bucket))
    },
    async *list(bucket) {
      for (const name of (await readdir(folderOf(bucket))).filter((entry) => OBJECT.test(entry))) {
        const object = await openObject(join(folderOf(bucket), name))
        const usedAt = (await object?.file.stat())?.mtimeMs ?? 0
        await object?.file.close()
        if (object !== undefined) yield { ...object.info, usedAt }
      }
    },
    async deleteUnused(bucket, { key, usedAt }) {
      const file = fileOf(bucket, key)
      // Synchronous, so that no request of this process runs in between. Readers that opened the file before can still read it.
      if (statSync(file, { throwIfNoEntry: false })?.mtimeMs !== usedAt) return false
      unlinkSync(file)
      held.forget(file)
      await sync(folderOf(bucket))
      return true
    },
  }
}

/** Name of an object's file in its bucket's folder. */
export const objectName = (key: string): string => sha256(key)

/** Reads all bytes of a small object; `undefined` if it does not exist. */
export async function wholeObject(
  objects: Pick<Objects, 'open'>,
  bucket: string,
  key: string,
): Promise<Buffer | undefined> {
  const found = await objects.open(bucket, key)
  if (found === undefined) return undefined
  await using file = found.file
  return await readAt(file, 0, found.info.bytes)
}

/**
 * A crash before the last step leaves the old object and a file in `.incoming`, which the next start removes.
 * A crash after the last step leaves the complete new object.
 */
async function put(upload: Upload, temporary: string, file: string, folder: string) {
  try {
    await writeObject(temporary, upload)
    // If the file exists, link(2) fails and rename(2) replaces it. Both are atomic.
    await (upload.ifAbsent ? link(temporary, file) : rename(temporary, file))
    await sync(folder)
    return 'stored'
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists'
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Writes nothing, and keeps the existing object. Reads the body only to compare it with its declared digests. */
async function refused({ body, info }: Upload): Promise<'exists'> {
  for await (const _ of body);
  info()
  return 'exists'
}

const USE_MS = 3_600_000

/** Records the use as the file's mtime, once an hour. Nothing else needs the mtime, and the atime changes with each listing. */
async function tellUse(file: FileHandle): Promise<void> {
  const { mtimeMs } = await file.stat()
  const now = new Date()
  if (now.getTime() - mtimeMs < USE_MS) return
  // On a read-only disk the object can still be read.
  await file.utimes(now, now).catch(() => {})
}

async function writeObject(path: string, { body, info }: Upload): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(body)
  const json = Buffer.from(JSON.stringify(info()))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  await file.writeFile(Buffer.concat([json, length, MAGIC]))
  await file.sync()
}

async function openObject(path: string) {
  const file = await open(path).catch(unlessAbsent)
  if (file === undefined) return undefined
  try {
    return { file, info: await readInfo(file, path) }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readWhole(file: FileHandle, path: string): Promise<HeldObject> {
  const info = await readInfo(file, path)
  return { info, bytes: await readAt(file, 0, info.bytes) }
}

/** `path`: for messages. `part`: position of the object's file if another file contains it. */
export async function readInfo(
  file: FileHandle,
  path: string,
  part?: { readonly start: number; readonly size: number },
): Promise<ObjectInfo> {
  const { start, size } = part ?? { start: 0, size: (await file.stat()).size }
  const tail = size < TAIL_BYTES ? Buffer.alloc(0) : await readAt(file, start + size - TAIL_BYTES, TAIL_BYTES)
  const length = tail.subarray(4).equals(MAGIC) ? tail.readUInt32BE() : 0
  const bytes = size - TAIL_BYTES - length
  if (length === 0 || length > MAX_INFO_BYTES || bytes < 0) throw new Error(`${path} is not a whole object`)
  const info = JSON.parse((await readAt(file, start + bytes, length)).toString()) as ObjectInfo
  if (info.bytes !== bytes) throw new Error(`${path} is not as long as it says`)
  return info
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** Makes the entries of the folder durable. */
async function sync(folder: string): Promise<void> {
  await using handle = await open(folder)
  await handle.sync()
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

function unlessAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
