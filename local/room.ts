// Whether there is room on the disk of the data for what is new. Some is kept back for a disk that others fill: by one part of it
// a stack that runs writes down what it must, by the other one starts.

import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Room {
  /** whether what is new is refused */
  isShort(): boolean
  /** bytes that an ordinary user has left there now; 0 where that cannot be told */
  free(): number
  /** bytes that must be free, or new work is refused; 0: never */
  readonly needed: number
  close(): void
}

export interface RoomOptions {
  readonly dir: string
  /** bytes that are free, or new work is refused; 0: never */
  readonly needed: number
  readonly log: (line: string) => void
}

const RESERVES = { running: 'reserve-running', starting: 'reserve-starting' } as const
/** Of what is needed the part that each holds. */
const SHARE = 16
const LOOK_MS = 2000

/** A crash leaves the reserves as they are: the next start gives them up, where there is no other room, or goes on with them. */
export function watchRoom({ dir, needed, log }: RoomOptions): Room {
  const known = { needed, free: () => freeOr0(dir) }
  if (needed === 0) return { ...known, isShort: () => false, close: () => {} }
  const part = needed / SHARE
  const give = (name: string): void => rmSync(join(dir, name), { force: true })
  let short = false
  const look = (): void => {
    const free = freeIn(dir)
    if (free < part) give(RESERVES.running)
    if (short !== free < needed) {
      short = !short
      log(short ? shortOf(dir, free, needed) : `there is room again in ${dir}: new probes are built`)
    }
    if (!short) for (const name of Object.values(RESERVES)) keep(join(dir, name), part)
  }
  if (freeIn(dir) < part) give(RESERVES.starting)
  look()
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return { ...known, isShort: () => short, close: () => clearInterval(timer) }
}

/** For an ordinary user: some file systems keep the last blocks for root. */
function freeIn(dir: string): number {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}

function freeOr0(dir: string): number {
  try {
    return freeIn(dir)
  } catch {
    return 0
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

const shortOf = (dir: string, free: number, needed: number): string =>
  `no space: ${megabytes(free)} are free in ${dir}, and ${megabytes(needed)} are needed (DATA_ROOM). What is published is served; no new probe is built until there is room`
