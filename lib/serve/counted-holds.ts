// Counts held requests in memory, for a function with only one process that answers all of them.

import type { Clock, Holds } from '../model/ports.ts'
import { FURTHEST_LEASE, hasCome } from '../model/retry.ts'

export function countedHolds(now: Clock): Holds {
  const leases = new Map<string, Map<string, number>>()
  return {
    take: async (holder, { id, until }, limit) => {
      const held = leases.get(holder) ?? new Map<string, number>()
      if (held.size >= limit) {
        for (const [other, end] of held) if (hasCome(end, now(), FURTHEST_LEASE)) held.delete(other)
      }
      if (held.size >= limit) return false
      leases.set(holder, held.set(id, until))
      return true
    },
    release: async (holder, { id }) => {
      const held = leases.get(holder)
      held?.delete(id)
      if (held?.size === 0) leases.delete(holder)
    },
  }
}
