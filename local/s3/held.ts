// Keeps small, often requested objects in memory for as long as their file does not change.

import { type BigIntStats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ObjectInfo } from './objects.ts'

export interface HeldObject {
  readonly info: ObjectInfo
  /** shared with other readers: never write to it */
  readonly bytes: Buffer
}

export interface HeldObjects {
  /** `undefined`: the file does not exist or is too big to keep in memory. */
  get(path: string): Promise<HeldObject | undefined>
  /** Call it after a file was replaced or deleted: if both changes fall into one clock tick, its times may look the same. */
  forget(path: string): void
}

interface Entry {
  readonly file: string
  readonly size: number
  readonly object: Promise<HeldObject>
}

/** In bytes. A typical probe has 0.8 MB, the largest one seen has 6. */
const MAX_FILE = 8 * 1024 * 1024
/** Bytes of all kept objects together; the least recently read ones are dropped first. */
const MAX_HELD = 32 * 1024 * 1024

/**
 * Each `get` checks with stat(2) whether the file is still the same. Concurrent calls share one read. `read` reads a complete
 * object; it need not close the file.
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
    await using file = await open(path)
    // If the file was replaced after the check, this result is right for this caller, but not for later ones.
    if (identityOf(await file.stat({ bigint: true })) !== identity) forget(path)
    return await read(file, path)
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

/** An object's file is never written to again. If it is replaced, the new file has another inode or other times. */
const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
