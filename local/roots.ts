// Manages a user's build roots: a bucket of archives, which all registries of the user share, and the folders unpacked from them.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Cache, Cached } from './caches.ts'
import { type ListedObject, type Objects, openObjects, wholeObject } from './s3/objects.ts'
import { isObject, type Json, string } from './wire/json.ts'

/** Where the roots of this user are. */
export interface RootPlaces {
  /** folder of the bucket's objects */
  readonly objects: string
  /** folder of the unpacked roots, each named by its digest */
  readonly unpacked: string
}

/** As in the XDG Base Directory Specification, but /var/cache for root, whose builds run as a user who may not enter its home. */
export function cacheFolder(env: NodeJS.ProcessEnv, uid = process.getuid?.()): string {
  const base = env.XDG_CACHE_HOME || (uid === 0 ? '/var/cache' : join(homedir(), '.cache'))
  return join(base, 'probe-registry')
}

/** Creates the folders of the roots. Everybody may enter them, whatever the umask is: root's builds run as another user. */
export function rootPlaces(cache: string): RootPlaces {
  const places = { objects: join(cache, 'bucket'), unpacked: join(cache, 'roots') }
  for (const folder of [cache, places.unpacked]) {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
  }
  return places
}

/** The bucket's folder is given separately, so its name has no meaning here. */
const BUCKET = 'roots'
/** Keys of records, which connect a root's digest with its archive. */
const RECORD = /^roots\/[0-9a-f]{64}\.json$/
const MAX_RECORD = 4096

/** Unpacks new roots. Rejects if a record's archive is missing or differs from the record. */
export async function unpackRoots({ objects, unpacked }: RootPlaces): Promise<void> {
  if (!existsSync(objects)) return
  const bucket = openBucket(objects)
  mkdirSync(unpacked, { recursive: true })
  for await (const { object, digest, archive } of recordsIn(bucket)) {
    if (existsSync(join(unpacked, digest))) continue
    const body = await wholeObject(bucket, BUCKET, archive)
    if (body !== undefined) await unpack(unpacked, digest, body)
    // When an unused root is deleted, its record goes first. So an existing record without an archive is an error.
    else if ((await wholeObject(bucket, BUCKET, object.key)) !== undefined)
      throw new Error(`${archive} is missing among the build roots of this machine`)
  }
}

const openBucket = (objects: string): Objects => openObjects(objects, [], { shared: { [BUCKET]: objects } })

interface FoundRecord {
  readonly object: ListedObject
  /** digest of the unpacked root */
  readonly digest: string
  /** key of its archive */
  readonly archive: string
}

/** Skips records that disappear before they are read. */
async function* recordsIn(bucket: Objects): AsyncGenerator<FoundRecord> {
  for await (const object of bucket.list(BUCKET)) {
    const { key, bytes } = object
    if (!RECORD.test(key) || bytes > MAX_RECORD) continue
    const body = await wholeObject(bucket, BUCKET, key)
    if (body === undefined) continue
    const record = JSON.parse(body.toString()) as Json
    if (!isObject(record)) throw new Error(`${key} is not a record of a root`)
    yield { object, digest: string(record.digest, key), archive: `sha256/${string(record.sha256, key)}` }
  }
}

/** This user's roots, and archives that a crash left without a record. A request that needs a deleted root composes it again. */
export function rootsCache({ objects, unpacked }: RootPlaces): Cache {
  // Unpacked roots never change.
  const sizes = new Map<string, number>()
  const sizeOf = async (digest: string): Promise<number> => {
    const bytes = sizes.get(digest) ?? (await bytesIn(join(unpacked, digest)))
    if (bytes > 0) sizes.set(digest, bytes)
    return bytes
  }
  return { dir: objects, list: () => cachedRoots(openBucket(objects), unpacked, sizeOf) }
}

async function* cachedRoots(
  bucket: Objects,
  unpacked: string,
  sizeOf: (digest: string) => Promise<number>,
): AsyncGenerator<Cached> {
  const archives = new Map<string, ListedObject>()
  for await (const object of bucket.list(BUCKET))
    if (!RECORD.test(object.key)) archives.set(object.key, object)
  for await (const record of recordsIn(bucket)) {
    const archive = archives.get(record.archive)
    archives.delete(record.archive)
    yield {
      bytes: (archive?.bytes ?? 0) + (await sizeOf(record.digest)),
      usedAt: Math.max(record.object.usedAt, archive?.usedAt ?? 0),
      remove: () => removeRoot(bucket, unpacked, record),
    }
  }
  for (const orphan of archives.values())
    yield { ...orphan, remove: () => bucket.deleteUnused(BUCKET, orphan) }
}

/**
 * Deletes the record first: plans read it, and compose the root again without it. A crash after that leaves an archive, which the
 * next run deletes, and a folder, which is used again if the same root is composed.
 */
async function removeRoot(bucket: Objects, unpacked: string, root: FoundRecord): Promise<boolean> {
  if (!(await bucket.deleteUnused(BUCKET, root.object))) return false
  await bucket.delete(BUCKET, root.archive)
  const folder = join(unpacked, root.digest)
  const gone = join(unpacked, `.${randomUUID()}`)
  if (existsSync(folder)) renameSync(folder, gone)
  await rm(gone, { recursive: true, force: true })
  return true
}

/** Bytes of all files in the folder; 0 if it does not exist. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  const entries = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : []
  for (const entry of entries.filter((one) => one.isFile()))
    bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
  return bytes
}

const UNPACK = join(import.meta.dirname, '..', 'client', 'roots', 'unpack.ts')

/** Runs in a separate process, so that it does not delay running builds. */
async function unpack(dir: string, digest: string, archive: Buffer): Promise<void> {
  const child = spawn(process.execPath, [UNPACK, dir, digest], { env: {}, stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.on('error', () => {})
  child.stdin.end(archive)
  const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr)])
  if (code !== 0) throw new Error(`the build root ${digest} was not unpacked: ${said.trim()}`)
}
