// Keeps caches within a bound: above it, or when the disk gets full, the least recently used entries are deleted.
// Hand-written: npm's caches (lru-cache) bound memory, not files on a disk.

import { statSync } from 'node:fs'
import type { Clock } from './wire/types.ts'

export interface Cached {
  readonly bytes: number
  /** milliseconds since the epoch; within the hour */
  readonly usedAt: number
  /** Deletes it, unless it was used again since. Resolves to whether it did. */
  remove(): Promise<boolean>
}

export interface Cache {
  /** a folder on its disk */
  readonly dir: string
  list(): AsyncIterable<Cached>
}

export interface Caches {
  /** Deletes entries until the bound holds. Resolves to bytes. */
  trim(): Promise<number>
  /** Deletes entries on the disk of `dir` until there `isEnough`, or none may go. Resolves to bytes. */
  free(dir: string, isEnough: () => boolean): Promise<number>
}

interface CachesOptions {
  /** in the order in which they go */
  readonly caches: readonly Cache[]
  /** bytes of all together */
  readonly bound: number
  readonly now: Clock
}

/** A build has an hour and its time in the queue, and gets its URLs before it starts. */
const IN_USE_MS = 2 * 3_600_000

/** A crash leaves fewer entries, each complete: the next run goes on. */
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

/** Keeps entries that were used after `unusedSince`. */
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
