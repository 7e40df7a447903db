import { describe, expect, test } from 'vitest'
import { FAILURE_REASONS } from '../../../lib/model/probe.ts'
import { dayOf, nextDay, retryAt } from '../../../lib/model/retry.ts'

const now = Date.UTC(2026, 10, 23, 22, 30)

describe('when a failed probe may be tried again', () => {
  test.each(FAILURE_REASONS)('%s is never due in the past, nor later than a day', (reason) => {
    for (const attempt of [1, 2, 3, 10, 50]) {
      expect(retryAt(reason, attempt, now)).toBeGreaterThanOrEqual(now)
      expect(retryAt(reason, attempt, now)).toBeLessThanOrEqual(now + 86_400_000)
    }
  })

  test('a build that was cut off is tried again at once, but not for ever', () => {
    expect(retryAt('build-lost', 1, now)).toBe(now)
    expect(retryAt('build-lost', 5, now)).toBeGreaterThan(now + 60_000)
  })

  test('what was our own accident is tried again soon, then ever later', () => {
    for (const reason of ['build-broken', 'plan-error'] as const) {
      expect(retryAt(reason, 1, now)).toBe(now + 30_000)
      expect(retryAt(reason, 3, now)).toBe(now + 120_000)
      expect(retryAt(reason, 50, now)).toBe(now + 6 * 3_600_000)
    }
  })

  test('a mirror that was away is asked again soon, and then every quarter of an hour', () => {
    expect(retryAt('mirror-unreachable', 1, now)).toBe(now + 30_000)
    expect(retryAt('mirror-unreachable', 50, now)).toBe(now + 15 * 60_000)
  })

  test('a spent budget is renewed at the next UTC midnight', () => {
    expect(retryAt('budget-spent', 1, now)).toBe(Date.UTC(2026, 10, 24))
    expect(dayOf(nextDay(now) - 1)).toBe('2026-11-23')
    expect(dayOf(nextDay(now))).toBe('2026-11-24')
  })
})
