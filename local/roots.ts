// The build roots of this user: a bucket of archives that all of his registries share, and what they unpack to, once.

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Objects, openObjects, wholeObject } from './s3/objects.ts'
import { isObject, type Json, string } from './wire/json.ts'

/** Where the roots of this user are. */
export interface RootPlaces {
  /** folder of the bucket's objects */
  readonly objects: string
  /** folder of what they unpack to, by digest */
  readonly unpacked: string
}

/**
 * As in the XDG Base Directory Specification; root's is where those can read it as whom root runs builds, who may not
 * enter its home.
 */
export function cacheFolder(env: NodeJS.ProcessEnv, uid = process.getuid?.()): string {
  const base = env.XDG_CACHE_HOME || (uid === 0 ? '/var/cache' : join(homedir(), '.cache'))
  return join(base, 'probe-registry')
}

/**
 * Where the roots of this cache are. What is there everybody may enter, whatever this process's mask says: root's builds
 * are another user's.
 */
export function rootPlaces(cache: string): RootPlaces {
  const places = { objects: join(cache, 'bucket'), unpacked: join(cache, 'roots') }
  for (const folder of [cache, places.unpacked]) {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
  }
  return places
}

/** A bucket's name is of no meaning within its own folder. */
const BUCKET = 'roots'
/** What says which archive is which root. */
const RECORD = /^roots\/[0-9a-f]{64}\.json$/
const MAX_RECORD = 4096

/** Unpacks what is new. Rejects where an archive is not what its record says. */
export async function unpackRoots({ objects, unpacked }: RootPlaces): Promise<void> {
  if (!existsSync(objects)) return
  const bucket = openObjects(objects, [], { [BUCKET]: objects })
  mkdirSync(unpacked, { recursive: true })
  for await (const { key, bytes } of bucket.list(BUCKET)) {
    if (!RECORD.test(key) || bytes > MAX_RECORD) continue
    const record = JSON.parse((await bodyOf(bucket, key)).toString()) as Json
    if (!isObject(record)) throw new Error(`${key} is no record of a root`)
    const [digest, sha256] = [string(record.digest, key), string(record.sha256, key)]
    if (!existsSync(join(unpacked, digest)))
      await unpack(unpacked, digest, await bodyOf(bucket, `sha256/${sha256}`))
  }
}

async function bodyOf(bucket: Objects, key: string): Promise<Buffer> {
  const body = await wholeObject(bucket, BUCKET, key)
  if (body !== undefined) return body
  throw new Error(`${key} is missing among the build roots of this machine`)
}

const UNPACK = join(import.meta.dirname, '..', 'client', 'roots', 'unpack.ts')

/** In a process of its own, so that a build that runs beside is not held up. */
function unpack(dir: string, digest: string, archive: Buffer): Promise<void> {
  const child = spawn(process.execPath, [UNPACK, dir, digest], { env: {}, stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stdin.on('error', () => {})
  child.stdin.end(archive)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`the build root ${digest} was not unpacked: ${said.trim()}`))
    })
  })
}
