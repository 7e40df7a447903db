// The promises of ListDates, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { ListDates } from '../../lib/model/ports.ts'

const DATE = Date.UTC(2026, 10, 22)
const HOUR = 3_600_000

/** `make`: no dates. */
export function listDatesContract(make: () => Promise<ListDates>): void {
  let lists: ListDates
  beforeEach(async () => {
    lists = await make()
  })

  test('the newest date of a suite is stored, and an older date does not replace it', async () => {
    expect(await lists.newest('bookworm')).toBeUndefined()
    await lists.seen('bookworm', DATE)
    await lists.seen('bookworm', DATE - HOUR)
    expect(await lists.newest('bookworm')).toBe(DATE)
    await lists.seen('bookworm', DATE + HOUR)
    expect(await lists.newest('bookworm')).toBe(DATE + HOUR)
  })

  test('two suites have independent dates', async () => {
    await lists.seen('bookworm', DATE)
    expect(await lists.newest('bookworm-security')).toBeUndefined()
  })

  test('of many concurrent dates the newest stays', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => lists.seen('sid', DATE + ((i * 7) % 20) * HOUR)))
    expect(await lists.newest('sid')).toBe(DATE + 19 * HOUR)
  })
}
