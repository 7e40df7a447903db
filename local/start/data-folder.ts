// The folder of a stack's data: one stack at a time, of a form that this software knows, and there for as long as it runs.

import { accessSync, constants, cpSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { tryWriting } from '../room.ts'
import { readJson, writeJson } from '../wire/files.ts'

interface DataFolder {
  /** its real path */
  readonly dir: string
  /** whether it is still where it was, and the same */
  isThere(): boolean
  /** Unlocks it. */
  close(): void
}

interface DataFolderOptions {
  readonly dir: string
  readonly log: (line: string) => void
  /** Called once where the folder is taken away while the stack runs, with what to tell a person. */
  readonly onLost: (why: string) => void
}

/** Says that a folder is a stack's, and in which form its data is. */
const MARK = 'stack.json'
/** A change of form that older software cannot read counts one up, and takes the form before it over. */
export const FORM = 1
/** There while a backup is restored into the folder. */
export const RESTORING = 'restoring'
/** What a form may change; objects and logs are as they are. */
const STATE = ['dynamodb', 'secrets', 'custom-resources', 'events', 'queues', 'builds']
export const LOCK = 'lock.sqlite'
const LOOK_MS = 2000

/** Creates it where it is not there. Error, for a person, where it cannot be a stack's folder or is another's. */
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

/** Creates it, and keeps every stack off it until it is unlocked. Error as for `openDataFolder`. */
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

/** Of the nearest folder above that is there: that its disk is read-only, Node tells of no folder that it is to make. */
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
    // A full disk serves what is published.
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

/** What nobody refers to is collected, and a database that is collected gives its lock back. */
const locks = new Set<DatabaseSync>()

/**
 * The kernel gives the lock back when the process is gone, however it went, and knows it for every process of this
 * machine, in whichever container.
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
 * A crash before the mark is written leaves an older form and its copy: the next start copies again. Data of before there
 * was a mark is of form 0.
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

/** On disk when it returns. */
export const markForm = (dir: string, form: number): void =>
  writeJson(join(dir, MARK), { stack: 'probe-registry', form }, { durable: true })

/** `undefined`: it is no stack's. */
export const formOf = (dir: string): number | undefined => {
  const form = readJson(join(dir, MARK))?.form
  return typeof form === 'number' ? form : undefined
}

function identityOf(dir: string): () => boolean {
  const mark = join(dir, MARK)
  const { ino } = statSync(mark)
  return () => statSync(mark, { throwIfNoEntry: false })?.ino === ino
}

/** A stack without its folder would begin anew, with another signing key. */
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
