// Many who wait for one probe, in one process, look at it by one read.

import type { Elapsed, Index } from '../model/ports.ts'

type Reads = Pick<Index, 'get'>

/** Entries that are looked through for old ones; more probes are hardly built at one time. */
const MANY = 200

/** A read is shared for that long from its start on: never the first look of anyone, which must see what was just written. */
export function shareReads(index: Reads, now: Elapsed, milliseconds: number): Reads {
  const reads = new Map<string, { readonly at: number; readonly read: ReturnType<Reads['get']> }>()
  return {
    get: (key, options) => {
      const found = reads.get(key)
      if (found !== undefined && now() - found.at < milliseconds) return found.read
      if (reads.size >= MANY) {
        for (const [old, { at }] of reads) if (now() - at >= milliseconds) reads.delete(old)
      }
      const read = index.get(key, options)
      reads.set(key, { at: now(), read })
      // Whoever shares a failure has it; whoever comes later looks again.
      read.catch(() => reads.delete(key))
      return read
    },
  }
}
