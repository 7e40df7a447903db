// Many who ask for one probe, in one process, look at it by one read.

import type { Elapsed, Index } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'

type Reads = Pick<Index, 'get'>

interface SharedRead {
  readonly at: number
  readonly read: Promise<ProbeState | undefined>
  isOpen: boolean
}

/** Entries that are looked through for old ones; more probes are hardly built at one time. */
const MANY = 200

/**
 * A read is shared while it is under way, and then until it is `milliseconds` old. What it says may be as old as that: for
 * looks that repeat, and for those that may be a second old anyway.
 */
export function shareReads(index: Reads, now: Elapsed, milliseconds = 0): Reads {
  const reads = new Map<string, SharedRead>()
  const isGood = ({ isOpen, at }: SharedRead) => isOpen || now() - at < milliseconds
  return {
    get: (key, options = {}) => {
      const name = `${options.consistent === true} ${key}`
      const found = reads.get(name)
      if (found !== undefined && isGood(found)) return found.read
      if (reads.size >= MANY) {
        for (const [old, entry] of reads) if (!isGood(entry)) reads.delete(old)
      }
      const entry = { at: now(), read: index.get(key, options), isOpen: true }
      reads.set(name, entry)
      const end = () => {
        entry.isOpen = false
        if (milliseconds === 0 && reads.get(name) === entry) reads.delete(name)
      }
      // Whoever shares a failure has it; whoever comes later looks again.
      entry.read.then(end, () => reads.delete(name))
      return entry.read
    },
  }
}

/** One answer for all who ask within that time, whatever they ask with. */
export function shareFor<A extends readonly unknown[], T>(
  ask: (...args: A) => Promise<T>,
  now: Elapsed,
  milliseconds: number,
): (...args: A) => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined
  return (...args) => {
    if (last !== undefined && now() - last.at < milliseconds) return last.answer
    const answer = ask(...args)
    last = { at: now(), answer }
    answer.catch(() => {
      last = undefined
    })
    return answer
  }
}

/**
 * For the first look of whoever was just told that a probe is being built: a shared one where that says the same or more,
 * else a look of one's own, as the shared one may be from before the claim.
 */
export const sharedUnlessBefore = (shared: Reads, own: Reads): Reads => ({
  get: async (key, options) => {
    const state = await shared.get(key, options)
    return state === undefined || state.state === 'failed' ? own.get(key, options) : state
  },
})
