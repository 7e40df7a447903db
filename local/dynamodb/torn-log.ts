// A write that failed, as on a full disk, leaves LevelDB's log torn, and what is written after it would be lost at the next start.
// A new log is begun before anything else is written.

import { statfsSync } from 'node:fs'
import type { Done, WrittenDb } from './together.ts'

export interface LoggedDb extends WrittenDb {
  /** Begins a new log first, and brings to disk what only the old one has. */
  compactRange(start: string, end: string): Promise<void>
}

/** Bytes: of a log, and of what is made of it. Where it fails for want of them, LevelDB takes no write until it is opened again. */
const NEEDED = 16 * 1024 * 1024
const AGAIN_MS = 1000
/** A range that no key is in. */
const NOTHING = '~~'

/** `dir`: of the database. A crash before the new log leaves what was answered before the write that failed. */
export function mendTornLog(db: LoggedDb, dir: string): void {
  const [put, del, batch] = [db.put.bind(db), db.del.bind(db), db.batch.bind(db)]
  let torn = false
  let mending: Promise<void> | undefined
  const hear =
    (done: Done): Done =>
    (error) => {
      if (error && !torn) {
        torn = true
        setTimeout(mendLater, AGAIN_MS).unref()
      }
      done(error)
    }
  const mend = async (): Promise<void> => {
    if (freeIn(dir) < NEEDED)
      throw new Error('the database accepts no write until there is enough space: a write has failed')
    await db.compactRange(NOTHING, NOTHING)
    torn = false
  }
  const mended = (): Promise<void> => {
    mending ??= mend().finally(() => {
      mending = undefined
    })
    return mending
  }
  /** What was written at the same time as the one that failed is safe once this is done, also if nothing is written any more. */
  const mendLater = (): void => {
    if (torn) mended().catch(() => setTimeout(mendLater, AGAIN_MS).unref())
  }
  const write = (begin: (done: Done) => void, done: Done): void => {
    if (torn) mended().then(() => begin(hear(done)), done)
    else begin(hear(done))
  }
  db.put = (key, value, done) => write((heard) => put(key, value, heard), done)
  db.del = (key, done) => write((heard) => del(key, heard), done)
  db.batch = (operations, done) => write((heard) => batch(operations, heard), done)
}

function freeIn(dir: string): number {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}
