// Caches reads for some seconds, so that an attack with thousands of requests costs only one read.

import type { Budgets, Elapsed, Sources } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'

/** Maximum number of entries. An attacker with more addresses causes reads again. */
const MANY = 5000

/** Caches only that a budget is exhausted, so nobody can spend too much. A refund takes effect `milliseconds` later. */
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

/** Caches only recorded sources, because others may be recorded at any moment. So `digests forget` takes effect late, too. */
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
