// Starts a new LevelDB log after a failed write, e.g. on a full disk. A failed write tears the log, and the next start would lose
// all later writes in it. So nothing is written before the new log exists.

import { statfsSync } from 'node:fs'
import type { Done, WrittenDb } from './together.ts'

export interface LoggedDb extends WrittenDb {
  /** Starts a new log, and stores the data that only the old log contains. */
  compactRange(start: string, end: string): Promise<void>
}

/** Bytes for a log and its table. If a compaction fails without them, LevelDB accepts no writes until it is opened again. */
const NEEDED = 16 * 1024 * 1024
const AGAIN_MS = 1000
/** Start and end of a range that contains no keys. */
const NOTHING = '~~'

/** `dir`: folder of the database. A crash before the new log loses nothing that was answered before the failed write. */
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
  /** Runs even if no other write comes, because writes that ran at the same time as the failed one are not safe before. */
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
