// Locks the folder of a stack's data, checks the form of its data, and watches that it stays in place.

import { accessSync, constants, cpSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { tryWriting } from '../room.ts'
import { readJson, writeJson } from '../wire/files.ts'

interface DataFolder {
  /** its real path */
  readonly dir: string
  /** whether the folder is still in its place and still the same one */
  isThere(): boolean
  /** Unlocks the folder. */
  close(): void
}

interface DataFolderOptions {
  readonly dir: string
  readonly log: (line: string) => void
  /** Called once if the folder is removed while the stack runs, with a message for the operator. */
  readonly onLost: (why: string) => void
}

/** Marks a folder as a stack's data, and states the form of the data. */
const MARK = 'stack.json'
/** Increase it when older software cannot read the data any more, and convert the previous form. */
export const FORM = 1
/** Exists while a backup is being restored into the folder. */
export const RESTORING = 'restoring'
/** Folders that a conversion may change. Objects and logs never change. */
const STATE = ['dynamodb', 'secrets', 'custom-resources', 'events', 'queues', 'builds']
export const LOCK = 'lock.sqlite'
const LOOK_MS = 2000

/** Creates the folder if it is missing. Throws a message for the operator if the folder is unusable or in use. */
export function openDataFolder({ dir: wanted, log, onLost }: DataFolderOptions): DataFolder {
  const { dir, unlock } = claimDataFolder(wanted)
  try {
    if (existsSync(join(dir, RESTORING)))
      throw new Error(`DATA_DIR=${dir}: a restore into it was interrupted. Empty it, and restore again`)
    takeOver(dir, log)
  } catch (error) {
    unlock()
    throw error
  }
  const isThere = identityOf(dir)
  const unwatch = watch(dir, isThere, onLost)
  return {
    dir,
    isThere,
    close: () => {
      unwatch()
      unlock()
    },
  }
}

/** Creates the folder, and locks it against other stacks until `unlock`. Throws as `openDataFolder` does. */
export function claimDataFolder(wanted: string): { readonly dir: string; readonly unlock: () => void } {
  const dir = made(wanted)
  refuseInside(dir)
  refuseUnwritable(dir)
  return { dir, unlock: lock(dir) }
}

function made(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    return realpathSync(dir)
  } catch (error) {
    const { message } = (whyNotIn(dir) ?? error) as Error
    throw new Error(
      `DATA_DIR=${dir} cannot be created: ${message}. Choose a folder that this user can write to`,
    )
  }
}

/** Checks the nearest existing folder above: Node's own error for mkdir does not mention a read-only disk. */
function whyNotIn(dir: string): unknown {
  const above = dirname(dir)
  if (!existsSync(above)) return whyNotIn(above)
  try {
    accessSync(above, constants.W_OK)
    return undefined
  } catch (error) {
    return error
  }
}

function refuseUnwritable(dir: string): void {
  try {
    tryWriting(dir)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // With a full disk, the registry can still serve published probes.
    if (code === 'ENOSPC' || code === 'EDQUOT') return
    throw new Error(
      `DATA_DIR=${dir} is not writable: ${message}. ${code === 'EROFS' ? 'Mount its disk for writing (if the disk has errors, check it first)' : 'Let this user write to it'}, or choose another folder`,
    )
  }
}

function refuseInside(dir: string): void {
  for (let above = dirname(dir); above !== dirname(above); above = dirname(above))
    if (existsSync(join(above, MARK)))
      throw new Error(
        `DATA_DIR=${dir} is inside ${above}, which another registry has: choose a folder outside of it`,
      )
}

/** Keeps the databases referenced: if one were garbage-collected, its lock would be released. */
const locks = new Set<DatabaseSync>()

/**
 * The kernel releases the lock when the process ends, for whatever reason. The lock applies to all processes on this machine,
 * in any container.
 */
function lock(dir: string): () => void {
  try {
    const database = new DatabaseSync(join(dir, LOCK), { timeout: 0 })
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    locks.add(database)
    return () => {
      locks.delete(database)
      if (database.isOpen) database.close()
    }
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string }
    throw new Error(
      errcode === SQLITE_BUSY
        ? `DATA_DIR=${dir} is in use by another running registry: stop it, or choose another folder`
        : `DATA_DIR=${dir} cannot be locked: ${message}. Choose a folder on a local disk that this user can write to; a network file system may have no locks`,
    )
  }
}

/** https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

/**
 * A crash before the mark is written leaves the older form and its copy; the next start copies again. Data without a mark has
 * form 0.
 */
function takeOver(dir: string, log: (line: string) => void): void {
  const mark = join(dir, MARK)
  const isNew = !STATE.some((name) => existsSync(join(dir, name)))
  const form = Number(readJson(mark)?.form ?? (isNew ? FORM : 0))
  if (form > FORM)
    throw new Error(
      `DATA_DIR=${dir} was written by a newer version of this software (form ${form}; this version knows ${FORM}): start that version, or choose another folder`,
    )
  if (form < FORM) {
    const copy = join(dir, `form-${form}`)
    for (const name of STATE)
      if (existsSync(join(dir, name))) cpSync(join(dir, name), join(copy, name), { recursive: true })
    log(`the data in ${dir} was written by an older version, and is converted; a copy of it stays in ${copy}`)
  }
  if (form !== FORM || isNew) markForm(dir, FORM)
}

/** The mark is durable on disk when this returns. */
export const markForm = (dir: string, form: number): void =>
  writeJson(join(dir, MARK), { stack: 'probe-registry', form }, { durable: true })

/** `undefined`: the folder has no stack's data. */
export const formOf = (dir: string): number | undefined => {
  const form = readJson(join(dir, MARK))?.form
  return typeof form === 'number' ? form : undefined
}

function identityOf(dir: string): () => boolean {
  const mark = join(dir, MARK)
  const { ino } = statSync(mark)
  return () => statSync(mark, { throwIfNoEntry: false })?.ino === ino
}

/** Without its folder, a stack would start again with an empty one and a new signing key. */
function watch(dir: string, isThere: () => boolean, onLost: (why: string) => void): () => void {
  const timer = setInterval(() => {
    if (isThere()) return
    clearInterval(timer)
    onLost(
      `DATA_DIR=${dir} was removed or replaced while the registry ran. The registry stops, so that it does not start anew with another signing key: put the folder back, then start it again`,
    )
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
