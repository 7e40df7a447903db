// What can be fetched or made again is kept within a bound: above it, and where the disk gets short, what nobody has used for
// longest is deleted.

import { statSync } from 'node:fs'
import type { Clock } from './wire/types.ts'

/** Something that is kept only to spare its making. */
export interface Cached {
  readonly bytes: number
  /** milliseconds since the epoch; within the hour */
  readonly usedAt: number
  /** Deletes it, unless it was used again since. Resolves to whether it did. */
  remove(): Promise<boolean>
}

/** All of one kind. */
export interface Cache {
  /** on whose disk it lies */
  readonly dir: string
  list(): AsyncIterable<Cached>
}

export interface Caches {
  /** Deletes what is above the bound. Resolves to bytes. */
  trim(): Promise<number>
  /** Deletes from the disk of `dir` until there `isEnough`, or nothing is left that may go. Resolves to bytes. */
  free(dir: string, isEnough: () => boolean): Promise<number>
}

interface CachesOptions {
  /** in the order in which they go */
  readonly caches: readonly Cache[]
  /** bytes of all together */
  readonly bound: number
  readonly now: Clock
}

/** A build has an hour and its time in the queue, and was given its URLs before it began. */
const IN_USE_MS = 2 * 3_600_000

/** A crash leaves less than before, and each whole: the next time goes on. */
export function createCaches({ caches, bound, now }: CachesOptions): Caches {
  return {
    trim: async () => {
      const all = await Promise.all(caches.map(listed))
      const sum = all.flat().reduce((bytes, one) => bytes + one.bytes, 0)
      return removeUntil(all, now() - IN_USE_MS, (removed) => sum - removed <= bound)
    },
    free: async (dir, isEnough) => {
      const here = caches.filter((cache) => deviceOf(cache.dir) === deviceOf(dir))
      return removeUntil(await Promise.all(here.map(listed)), now() - IN_USE_MS, isEnough)
    },
  }
}

/** `unusedSince`: what was used after it stays. */
async function removeUntil(
  caches: readonly (readonly Cached[])[],
  unusedSince: number,
  isEnough: (removed: number) => boolean,
): Promise<number> {
  let removed = 0
  for (const one of caches.flatMap(longestUnusedFirst)) {
    if (isEnough(removed)) break
    if (one.usedAt <= unusedSince && (await one.remove())) removed += one.bytes
  }
  return removed
}

const longestUnusedFirst = (all: readonly Cached[]): Cached[] => [...all].sort((a, b) => a.usedAt - b.usedAt)

async function listed(cache: Cache): Promise<Cached[]> {
  const all: Cached[] = []
  for await (const one of cache.list()) all.push(one)
  return all
}

const deviceOf = (dir: string): number | undefined => statSync(dir, { throwIfNoEntry: false })?.dev
