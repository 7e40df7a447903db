// The promises of Places, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Clock, Places } from '../../lib/model/ports.ts'

const NOW = Date.UTC(2026, 10, 23)
const MINUTE = 60_000

/** `make`: nobody has a place. */
export function placesContract(make: (now: Clock) => Promise<Places>): void {
  let places: Places
  let time: number
  beforeEach(async () => {
    time = NOW
    places = await make(() => time)
  })
  const take = (claim: string, limit = 2, test?: number) => places.take({ claim, test }, time + MINUTE, limit)

  test('can be taken up to the limit', async () => {
    expect([await take('a'), await take('b'), await take('c')]).toEqual(['taken', 'taken', 'full'])
  })

  test('are never taken beyond the limit by concurrent builds', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => take(`c${i}`, 5)))
    expect(all.filter((one) => one === 'taken')).toHaveLength(5)
    expect(all.filter((one) => one === 'full')).toHaveLength(25)
  })

  test('are taken once by a build, and separately by each of its load tests', async () => {
    expect([await take('a'), await take('a'), await take('a', 2, 1), await take('a', 2, 1)]).toEqual([
      'taken',
      'had',
      'taken',
      'had',
    ])
    expect(await take('a', 2, 2)).toBe('full')
  })

  test('are free after their release, and a second release does nothing', async () => {
    await take('a', 1)
    expect(await places.release({ claim: 'b' })).toBe(false)
    expect(await places.release({ claim: 'a', test: 1 })).toBe(false)
    expect([await places.release({ claim: 'a' }), await places.release({ claim: 'a' })]).toEqual([
      true,
      false,
    ])
    expect([await take('b', 1), await take('a', 1)]).toEqual(['taken', 'full'])
  })

  test('are free when their time is over, or when the clock was set back', async () => {
    await take('a', 1)
    time += MINUTE - 1
    expect(await take('b', 1)).toBe('full')
    time += 1
    expect(await take('b', 1)).toBe('taken')
    time -= 24 * 60 * MINUTE
    expect(await take('c', 1)).toBe('taken')
  })

  test('give the typical duration of recently ended builds', async () => {
    expect(await places.typicalSeconds()).toBeUndefined()
    await take('a')
    await take('b', 2, 1)
    time += 20_000
    await places.release({ claim: 'b', test: 1 })
    expect(await places.typicalSeconds()).toBeUndefined()
    await places.release({ claim: 'a' })
    expect(await places.typicalSeconds()).toBe(20)
    await take('c')
    time += 40_000
    await places.release({ claim: 'c' })
    expect(await places.typicalSeconds()).toBe(25)
  })
}
