// Lets many requests in one process share one read of the same probe.

import type { Clock, Elapsed, Index } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { isOverdue } from '../model/retry.ts'

type Reads = Pick<Index, 'get'>

interface SharedRead {
  readonly at: number
  readonly read: Promise<ProbeState | undefined>
  isOpen: boolean
}

/** At this number of entries, old ones are removed. The number of builds at one time is smaller. */
const MANY = 200

/** Shares a read while it is in progress, and then until it is `milliseconds` old. */
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
      // Requests share a failure, but later ones read again.
      entry.read.then(end, () => reads.delete(name))
      return entry.read
    },
  }
}

/** Returns one answer for all calls within that time, whatever their arguments are. */
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
 * For the first read of a client that was just redirected here: reads again if a shared read may be from before the claim.
 * Otherwise it would send the client back, and in a circle while the read is shared: curl follows 50 redirects.
 */
export const sharedUnlessBefore = (shared: Reads, own: Reads, now: Clock): Reads => ({
  get: async (key, options) => {
    const state = await shared.get(key, options)
    return state === undefined || isClaimable(state, now()) ? own.get(key, options) : state
  },
})

const isClaimable = (state: ProbeState, now: number): boolean =>
  state.state === 'failed' || (state.state === 'building' && isOverdue(state.deadline, now))
