// Whether the folder of the data takes what is new: there is room on its disk, and it can be written in. Some room is kept back
// for a disk that others fill: by one part of it a stack that runs writes down what it must, by the other one starts.

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
  /** why what is new is refused, for whoever asks for it; `undefined`: it is not. `failed`: something has, so look again */
  lacks(failed?: boolean): string | undefined
  /** bytes that an ordinary user has left there now; 0 where that cannot be told */
  free(): number
  /** bytes that must be free, or new work is refused; 0: never */
  readonly needed: number
  close(): void
}

interface RoomOptions {
  readonly dir: string
  /** bytes that are free, or new work is refused; 0: that is not looked at */
  readonly needed: number
  readonly log: (line: string) => void
  /** Called before new work is refused for want of room: deletes what can be made again until there `isEnough`. */
  readonly free?: (isEnough: () => boolean) => Promise<void>
}

interface Lack {
  readonly code: 'no-space' | 'not-writable'
  /** for whoever asks for what is new */
  readonly told: string
  /** for the operator */
  readonly line: string
}

const RESERVES = { running: 'reserve-running', starting: 'reserve-starting' } as const
/** Of what is needed the part that each holds. */
const SHARE = 16
const LOOK_MS = 2000
/** A disk whose errors ended its writing does not say so of itself. */
const WRITE_MS = 10_000
const FREE_MS = 60_000

/** Of a stack whose disk nobody looks at. */
export const roomUnwatched = (dir: string): Room => ({
  ...{ needed: 0, lacks: () => undefined, free: () => freeOr0(dir) },
  close: () => {},
})

/** A crash leaves the reserves as they are: the next start gives them up, where there is no other room, or goes on with them. */
export function watchRoom({ dir, needed, log, free }: RoomOptions): Room {
  const part = needed / SHARE
  const isDue = { write: every(WRITE_MS), free: every(FREE_MS) }
  let lack: Lack | undefined
  let isFreeing = false
  const settle = (found: Lack | undefined): void => {
    if (found?.code !== lack?.code) log(found?.line ?? lineAgain(dir, lack))
    lack = found
  }
  /** What the folder lacks now. It is known at once, also while room is made. */
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
    // What failed meanwhile failed by that, though room be made for the next one.
    lacks: (failed) => (failed ? (look(true) ?? lack) : lack)?.told,
    free: () => freeOr0(dir),
    needed,
    close: () => clearInterval(timer),
  }
}

/** Whether that long has passed since it last was so. */
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

/** `byWriting`: by a file, and not by what the system says of the folder alone. */
function unwritable(dir: string, byWriting: boolean): Lack | undefined {
  try {
    accessSync(dir, constants.W_OK)
    if (byWriting) tryWriting(dir)
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // What there is no room for is told as that, and a folder that is gone ends the stack.
    if (['ENOSPC', 'EDQUOT', 'ENOENT'].includes(code)) return undefined
    return {
      code: 'not-writable',
      told: 'its disk is not writable now',
      line: `${dir} is not writable: ${message}. Published probes are served; no new probe is built until it is writable (a disk with errors becomes read-only: see dmesg)`,
    }
  }
}

/** A crash leaves an empty file, which the next look removes. */
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

/** For an ordinary user: some file systems keep the last blocks for root. A folder that is gone ends the stack, and lacks nothing. */
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
    // On a disk that cannot be written there is nothing to gain by it.
  }
}

function keep(file: string, bytes: number): void {
  if (existsSync(file)) return
  try {
    writeFileSync(file, Buffer.alloc(Math.floor(bytes)), { mode: 0o600 })
  } catch {
    // The next look knows of it.
    rmSync(file, { force: true })
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
