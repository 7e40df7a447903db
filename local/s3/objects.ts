// Objects on disk: one file each, the bytes and then what is known about them, so that one rename is all.

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
  /** the headers that come back with the object, `x-amz-meta-*` included */
  readonly headers: Readonly<Record<string, string>>
  readonly checksums: Checksums
}

interface Upload {
  readonly bucket: string
  readonly key: string
  readonly body: AsyncIterable<Uint8Array>
  /** called when the body is through; what it throws refuses the object */
  readonly info: () => ObjectInfo
  /** only where there is no such object yet */
  readonly ifAbsent: boolean
}

export interface Objects {
  put(upload: Upload): Promise<'stored' | 'exists'>
  /** The caller closes `file`; the object's bytes begin at its beginning. */
  open(bucket: string, key: string): Promise<{ info: ObjectInfo; file: FileHandle } | undefined>
  /** One that is small, and in a bucket whose use is not told; `undefined` for any other. Nobody writes into its bytes. */
  held(bucket: string, key: string): Promise<HeldObject | undefined>
  /** No matter if there is one. */
  delete(bucket: string, key: string): Promise<void>
  /** In no order. */
  list(bucket: string): AsyncIterable<ListedObject>
  /** Deletes an object that is as old and unused as it was listed. Resolves to whether it did. */
  deleteUnused(bucket: string, object: ListedObject): Promise<boolean>
}

export interface ListedObject extends ObjectInfo {
  /** milliseconds since the epoch: when it was stored; in a bucket whose use is told, when it was last read, within the hour */
  readonly usedAt: number
}

interface ObjectsOptions {
  /** folders of buckets that several processes have: what they create there is whole or not there at all */
  readonly shared?: Readonly<Record<string, string>>
  /** buckets whose use is told */
  readonly used?: readonly string[]
}

/** Closes every file: `S3o1` and, before it, the length of the JSON before that. */
const MAGIC = Buffer.from('S3o1')
const OBJECT = /^[0-9a-f]{64}$/
const TAIL_BYTES = 8
const MAX_INFO_BYTES = 1024 * 1024

/** One process at a time owns `dir`. What a crash left half-written is removed here. */
export function openObjects(
  dir: string,
  buckets: readonly string[],
  { shared = {}, used = [] }: ObjectsOptions = {},
): Objects {
  const incoming = join(dir, '.incoming')
  if (buckets.length > 0) rmSync(incoming, { recursive: true, force: true })
  const folderOf = (bucket: string): string => shared[bucket] ?? join(dir, bucket)
  for (const folder of [incoming, ...buckets.map(folderOf)]) mkdirSync(folder, { recursive: true })
  // A key becomes its digest: no key, however long or odd, can name a path.
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
      // In one go: no request of this process comes between. Who opened it before reads on.
      if (statSync(file, { throwIfNoEntry: false })?.mtimeMs !== usedAt) return false
      unlinkSync(file)
      held.forget(file)
      await sync(folderOf(bucket))
      return true
    },
  }
}

/** Of an object's file in the folder of its bucket. */
export const objectName = (key: string): string => sha256(key)

/** All of an object's bytes; `undefined` where there is none. For what is small enough to be held. */
export async function wholeObject(
  objects: Pick<Objects, 'open'>,
  bucket: string,
  key: string,
): Promise<Buffer | undefined> {
  const found = await objects.open(bucket, key)
  if (found === undefined) return undefined
  try {
    return await readAt(found.file, 0, found.info.bytes)
  } finally {
    await found.file.close()
  }
}

/**
 * A crash before the last step leaves the old object and a file in `.incoming`, which the next start removes;
 * a crash after it leaves the new object whole.
 */
async function put(upload: Upload, temporary: string, file: string, folder: string) {
  try {
    await writeObject(temporary, upload)
    // link(2) refuses where there is a file, rename(2) replaces it; both are atomic.
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

/** What is there stays as it is, and nothing is written: the body is only held against what was said of it. */
async function refused({ body, info }: Upload): Promise<'exists'> {
  for await (const _ of body);
  info()
  return 'exists'
}

const USE_MS = 3_600_000

/** By the file's time of change, which nothing else needs: a listing reads the objects, too. Once an hour is enough. */
async function tellUse(file: FileHandle): Promise<void> {
  const { mtimeMs } = await file.stat()
  const now = new Date()
  if (now.getTime() - mtimeMs < USE_MS) return
  // On a disk that cannot be written it is read all the same.
  await file.utimes(now, now).catch(() => {})
}

async function writeObject(path: string, { body, info }: Upload): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(body)
    const json = Buffer.from(JSON.stringify(info()))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(json.length)
    await file.writeFile(Buffer.concat([json, length, MAGIC]))
    await file.sync()
  } finally {
    await file.close()
  }
}

async function openObject(path: string) {
  const file = await open(path).catch(unlessAbsent)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    return { file, info: await readInfo(file, path, { start: 0, size }) }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readWhole(file: FileHandle, path: string): Promise<HeldObject> {
  const { size } = await file.stat()
  const info = await readInfo(file, path, { start: 0, size })
  return { info, bytes: await readAt(file, 0, info.bytes) }
}

/** `path`: for messages. `start`, `size`: of the object's file where it lies within another one. */
export async function readInfo(
  file: FileHandle,
  path: string,
  { start, size }: { readonly start: number; readonly size: number },
): Promise<ObjectInfo> {
  const tail = size < TAIL_BYTES ? Buffer.alloc(0) : await readAt(file, start + size - TAIL_BYTES, TAIL_BYTES)
  const length = tail.length === TAIL_BYTES && tail.subarray(4).equals(MAGIC) ? tail.readUInt32BE() : 0
  const bytes = size - TAIL_BYTES - length
  if (length === 0 || length > MAX_INFO_BYTES || bytes < 0) throw new Error(`${path} is not a whole object`)
  const info = JSON.parse((await readAt(file, start + bytes, length)).toString()) as ObjectInfo
  if (info.bytes !== bytes) throw new Error(`${path} is not as long as it says`)
  return info
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (position < 0) return Buffer.alloc(0)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** Makes the folder's own entries durable. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

function unlessAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
