// What one look has told is known for some seconds without another: an attack of thousands of requests is one look.

import type { Budgets, Elapsed, Sources } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'

/** Remembered at most; an attacker with more addresses costs looks again. */
const MANY = 5000

/**
 * Only that a budget is exhausted is remembered, never that it is not: nobody spends more by it. What was given back since
 * is seen `milliseconds` later.
 */
export function rememberExhausted(budgets: Budgets, now: Elapsed, milliseconds: number): Budgets {
  const until = new Map<string, number>()
  return {
    spend: budgets.spend,
    giveBack: budgets.giveBack,
    async exhausted(budget, limit) {
      const key = `${limit} ${budget}`
      if ((until.get(key) ?? 0) > now()) return true
      until.delete(key)
      const spent = await budgets.exhausted(budget, limit)
      if (until.size >= MANY) until.clear()
      if (spent) until.set(key, now() + milliseconds)
      return spent
    },
  }
}

/** What is on record stays; what is not may be there the next moment. An operator who forgets it is heard as late. */
export function rememberRecorded(sources: Sources, now: Elapsed, milliseconds: number): Sources {
  const found = new Map<string, { readonly until: number; readonly source: Source }>()
  return {
    record: sources.record,
    async recorded(driverVersion) {
      const known = found.get(driverVersion)
      if (known !== undefined && known.until > now()) return known.source
      const source = await sources.recorded(driverVersion)
      if (found.size >= MANY) found.clear()
      if (source === undefined) found.delete(driverVersion)
      else found.set(driverVersion, { until: now() + milliseconds, source })
      return source
    },
  }
}
