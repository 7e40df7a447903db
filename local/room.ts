// Watches whether the data folder can take new data: free space, and permission to write. It also keeps two reserves for a disk
// that other programs fill: from one a running stack writes the data that it must write, the other lets a stack start.

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

export interface Room {
  /** why new work is refused, for the client; `undefined`: it is not. `failed`: a write has just failed, so check again */
  lacks(failed?: boolean): string | undefined
  /** bytes that are free for an ordinary user now; 0 if unknown */
  free(): number
  /** bytes that must be free for new work; 0: no limit */
  readonly needed: number
  close(): void
}

interface RoomOptions {
  readonly dir: string
  /** bytes that must be free for new work; 0: no limit */
  readonly needed: number
  readonly log: (line: string) => void
  /** Called before new work is refused for lack of space. Deletes data that can be made again until `isEnough`. */
  readonly free?: (isEnough: () => boolean) => Promise<void>
}

interface Lack {
  readonly code: 'no-space' | 'not-writable'
  /** for the client */
  readonly told: string
  /** for the operator */
  readonly line: string
}

const RESERVES = { running: 'reserve-running', starting: 'reserve-starting' } as const
/** Size of each reserve: `needed` divided by this number. */
const SHARE = 16
const LOOK_MS = 2000
/** Milliseconds between test writes: a disk that became read-only after errors does not report it by itself. */
const WRITE_MS = 10_000
const FREE_MS = 60_000

/** For a stack without a limit. */
export const roomUnwatched = (dir: string): Room => ({
  ...{ needed: 0, lacks: () => undefined, free: () => freeOr0(dir) },
  close: () => {},
})

/** A crash leaves the reserves. The next start deletes them if space is short, and otherwise continues with them. */
export function watchRoom({ dir, needed, log, free }: RoomOptions): Room {
  const part = needed / SHARE
  const isDue = { write: every(WRITE_MS), free: every(FREE_MS) }
  let lack: Lack | undefined
  let isFreeing = false
  const settle = (found: Lack | undefined): void => {
    if (found?.code !== lack?.code) log(found?.line ?? lineAgain(dir, lack))
    lack = found
  }
  /** Returns the current lack, at once, even while space is being freed. */
  const look = (failed = false): Lack | undefined => {
    const found = unwritable(dir, failed || isDue.write()) ?? shortness(dir, needed)
    tendReserves(dir, part, found === undefined)
    if (isFreeing) return found
    if (found?.code === 'no-space' && free !== undefined && isDue.free()) makeRoom(free)
    else settle(found)
    return found
  }
  const makeRoom = (free: NonNullable<RoomOptions['free']>): void => {
    isFreeing = true
    free(() => freeIn(dir) >= 2 * needed)
      .catch((error: unknown) => log(`nothing could be deleted to make room: ${String(error)}`))
      .finally(() => {
        isFreeing = false
        settle(shortness(dir, needed))
      })
  }
  if (freeIn(dir) < part) give(dir, RESERVES.starting)
  look()
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return {
    // A failed request reports the lack that it met, even while space is being freed for the next one.
    lacks: (failed) => (failed ? (look(true) ?? lack) : lack)?.told,
    free: () => freeOr0(dir),
    needed,
    close: () => clearInterval(timer),
  }
}

/** Returns true at most once in that time. */
function every(ms: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - last < ms) return false
    last = now
    return true
  }
}

function tendReserves(dir: string, part: number, mayKeep: boolean): void {
  if (freeIn(dir) < part) give(dir, RESERVES.running)
  if (mayKeep && part > 0) for (const name of Object.values(RESERVES)) keep(join(dir, name), part)
}

/** `byWriting`: also write a file, because the folder's permissions are not enough to know. */
function unwritable(dir: string, byWriting: boolean): Lack | undefined {
  try {
    accessSync(dir, constants.W_OK)
    if (byWriting) tryWriting(dir)
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // Missing space has its own check, and a missing folder ends the stack.
    if (['ENOSPC', 'EDQUOT', 'ENOENT'].includes(code)) return undefined
    return {
      code: 'not-writable',
      told: 'its disk is not writable now',
      line: `${dir} is not writable: ${message}. Published probes are served; no new probe is built until it is writable (a disk with errors becomes read-only: see dmesg)`,
    }
  }
}

/** A crash leaves an empty file, which the next check removes. */
export function tryWriting(dir: string): void {
  const file = join(dir, 'is-writable')
  closeSync(openSync(file, 'w', 0o600))
  rmSync(file, { force: true })
}

function shortness(dir: string, needed: number): Lack | undefined {
  const free = freeIn(dir)
  if (free >= needed) return undefined
  return {
    code: 'no-space',
    told: 'no space is left on its disk',
    line: `no space: ${megabytes(free)} are free in ${dir}, and ${megabytes(needed)} are needed (DATA_ROOM). Published probes are served; no new probe is built until there is enough space`,
  }
}

const lineAgain = (dir: string, lack: Lack | undefined): string =>
  lack?.code === 'not-writable'
    ? `${dir} is writable again: new probes are built`
    : `there is enough space again in ${dir}: new probes are built`

/**
 * Free bytes for an ordinary user: some file systems reserve blocks for root. A missing folder ends the stack, so it does not
 * count as a lack of space.
 */
function freeIn(dir: string): number {
  if (!existsSync(dir)) return Number.POSITIVE_INFINITY
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}

function freeOr0(dir: string): number {
  try {
    return existsSync(dir) ? freeIn(dir) : 0
  } catch {
    return 0
  }
}

function give(dir: string, name: string): void {
  try {
    rmSync(join(dir, name), { force: true })
  } catch {
    // If the disk cannot be written, deleting the reserve would not help.
  }
}

function keep(file: string, bytes: number): void {
  if (existsSync(file)) return
  try {
    writeFileSync(file, Buffer.alloc(Math.floor(bytes)), { mode: 0o600 })
  } catch {
    // There is no space for the reserve; the next check tries again.
    rmSync(file, { force: true })
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
