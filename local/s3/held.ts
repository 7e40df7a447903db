// Small objects that are asked for again and again: their bytes stay in memory for as long as their file is the same one.

import { type BigIntStats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ObjectInfo } from './objects.ts'

export interface HeldObject {
  readonly info: ObjectInfo
  /** whoever has them may not write into them: others have them, too */
  readonly bytes: Buffer
}

export interface HeldObjects {
  /** `undefined`: no such file, or one that is too big to be held. */
  get(path: string): Promise<HeldObject | undefined>
  /** To be called when the file was replaced or deleted: by its times alone, a clock's tick later may look the same. */
  forget(path: string): void
}

interface Entry {
  readonly file: string
  readonly size: number
  readonly object: Promise<HeldObject>
}

/** A probe has 0.8 MB, the largest seen 6. */
const MAX_FILE = 8 * 1024 * 1024
/** All together; who is longest without a reader goes first. */
const MAX_HELD = 32 * 1024 * 1024

/**
 * Each `get` looks at the file, whose identity decides; many at one time share one read. `read`: of a whole file, however
 * it ends.
 */
export function holdObjects(read: (file: FileHandle, path: string) => Promise<HeldObject>): HeldObjects {
  const entries = new Map<string, Entry>()
  let held = 0
  const forget = (path: string): void => {
    held -= entries.get(path)?.size ?? 0
    entries.delete(path)
  }
  const hold = (path: string, entry: Entry): void => {
    forget(path)
    entries.set(path, entry)
    held += entry.size
    for (const oldest of entries.keys()) {
      if (held <= MAX_HELD) break
      forget(oldest)
    }
  }
  async function load(path: string, identity: string): Promise<HeldObject> {
    const file = await open(path)
    try {
      // It may have been replaced since it was looked at: then this is right now, and not for whoever comes later.
      if (identityOf(await file.stat({ bigint: true })) !== identity) forget(path)
      return await read(file, path)
    } finally {
      await file.close()
    }
  }
  return {
    get: async (path) => {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
      if (stats === undefined || stats.size > MAX_FILE) return undefined
      const file = identityOf(stats)
      const known = entries.get(path)
      const entry =
        known?.file === file ? known : { file, size: Number(stats.size), object: load(path, file) }
      hold(path, entry)
      try {
        return await entry.object
      } catch (error) {
        if (entries.get(path) === entry) forget(path)
        throw error
      }
    },
    forget,
  }
}

/** A file is never written once it is an object; what takes its place is another file, or was changed at another time. */
const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
