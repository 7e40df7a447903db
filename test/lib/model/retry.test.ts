import { describe, expect, test } from 'vitest'
import { FAILURE_REASONS } from '../../../lib/model/probe.ts'
import { dayOf, nextDay, retryAt } from '../../../lib/model/retry.ts'

const now = Date.UTC(2026, 10, 23, 22, 30)

describe('the next try of a failed probe', () => {
  test.each(FAILURE_REASONS)('after %s is never in the past, and never more than a day later', (reason) => {
    for (const attempt of [1, 2, 3, 10, 50]) {
      expect(retryAt(reason, attempt, now)).toBeGreaterThanOrEqual(now)
      expect(retryAt(reason, attempt, now)).toBeLessThanOrEqual(now + 86_400_000)
    }
  })

  test('after a lost build is immediate, but is delayed after five attempts', () => {
    expect(retryAt('build-lost', 1, now)).toBe(now)
    expect(retryAt('build-lost', 5, now)).toBeGreaterThan(now + 60_000)
  })

  test('after a fault of the registry is soon, then later each time, up to six hours', () => {
    for (const reason of ['build-broken', 'plan-error'] as const) {
      expect(retryAt(reason, 1, now)).toBe(now + 30_000)
      expect(retryAt(reason, 3, now)).toBe(now + 120_000)
      expect(retryAt(reason, 50, now)).toBe(now + 6 * 3_600_000)
    }
  })

  test('after an unreachable mirror is soon, then every quarter of an hour', () => {
    expect(retryAt('mirror-unreachable', 1, now)).toBe(now + 30_000)
    expect(retryAt('mirror-unreachable', 50, now)).toBe(now + 15 * 60_000)
  })

  test('after a spent budget is at the next UTC midnight', () => {
    expect(retryAt('budget-spent', 1, now)).toBe(Date.UTC(2026, 10, 24))
    expect(dayOf(nextDay(now) - 1)).toBe('2026-11-23')
    expect(dayOf(nextDay(now))).toBe('2026-11-24')
  })
})
