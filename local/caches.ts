// Keeps caches within a bound: above it, or when the disk gets full, deletes the least recently used entries. npm's caches
// (lru-cache) bound memory, not files on a disk.

import { statSync } from 'node:fs'
import type { Clock } from './wire/types.ts'

export interface Cached {
  readonly bytes: number
  /** milliseconds since the epoch, to the hour */
  readonly usedAt: number
  /** Deletes the entry unless it was used since it was listed. Returns whether it did. */
  remove(): Promise<boolean>
}

export interface Cache {
  /** a folder on the cache's disk */
  readonly dir: string
  list(): AsyncIterable<Cached>
}

export interface Caches {
  /** Deletes entries until the bound holds. Returns the deleted bytes. */
  trim(): Promise<number>
  /** Deletes entries on the disk of `dir` until `isEnough`, or until no more may be deleted. Returns the deleted bytes. */
  free(dir: string, isEnough: () => boolean): Promise<number>
}

interface CachesOptions {
  /** in the order in which their entries are deleted */
  readonly caches: readonly Cache[]
  /** maximum bytes of all caches together */
  readonly bound: number
  readonly now: Clock
}

/** A build gets its URLs before it starts. It may wait in the queue and then run for an hour, so its inputs must stay that long. */
const IN_USE_MS = 2 * 3_600_000

/** A crash leaves fewer entries, each complete. The next run continues. */
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

/** Deletes entries in order until `isEnough`; skips those that were used after `unusedSince`. */
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
