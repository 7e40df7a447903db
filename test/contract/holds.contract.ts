// The promises of Holds, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Clock, Holds } from '../../lib/model/ports.ts'

const NOW = Date.UTC(2026, 10, 23)
const MINUTE = 60_000

/** `make`: no place is taken. */
export function holdsContract(make: (now: Clock) => Promise<Holds>): void {
  let holds: Holds
  let time: number
  beforeEach(async () => {
    time = NOW
    holds = await make(() => time)
  })
  const lease = (i: number, until = time + MINUTE) => ({ id: `${String(i).padStart(8, '0')}-0000`, until })
  const take = (i: number, limit = 2) => holds.take('caller', lease(i), limit)

  test('places can be taken up to the limit', async () => {
    expect([await take(1), await take(2), await take(3)]).toEqual([true, true, false])
  })

  test('concurrent callers never take more places than the limit', async () => {
    const taken = await Promise.all(Array.from({ length: 40 }, (_, i) => take(i, 7)))
    expect(taken.filter((has) => has)).toHaveLength(7)
  })

  test('a released place is free at once, and no other', async () => {
    const [first, second] = [lease(1), lease(2)]
    await holds.take('caller', first, 2)
    await holds.take('caller', second, 2)
    await holds.release('caller', first)
    await holds.release('caller', first)
    expect([await take(3), await take(4)]).toEqual([true, false])
  })

  test('a place that is never released is free when its lease is over', async () => {
    await take(1)
    await take(2)
    time += MINUTE - 1
    expect(await take(3)).toBe(false)
    time += 1
    expect([await take(4), await take(5), await take(6)]).toEqual([true, true, false])
  })

  test('a place that was taken before the clock was set back by an hour is free', async () => {
    await take(1)
    await take(2)
    time -= 60 * MINUTE
    expect([await take(4), await take(5), await take(6)]).toEqual([true, true, false])
  })

  test('a late release of an expired lease frees nobody else’s place', async () => {
    const old = lease(1)
    await holds.take('caller', old, 1)
    time += MINUTE
    expect(await take(2, 1)).toBe(true)
    await holds.release('caller', old)
    expect(await take(3, 1)).toBe(false)
  })

  test('the places of two holders are independent', async () => {
    await take(1, 1)
    expect(await holds.take('caller/24', lease(1), 1)).toBe(true)
    await holds.release('nobody', lease(1))
    expect(await take(2, 1)).toBe(false)
  })
}
