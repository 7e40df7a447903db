// The promises of Catalogue, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Catalogue } from '../../lib/model/ports.ts'

/** `make`: a catalogue without a list. */
export function catalogueContract(make: () => Promise<Catalogue>): void {
  let catalogue: Catalogue
  beforeEach(async () => {
    catalogue = await make()
  })

  test('the list of driver versions is the last one that was written', async () => {
    expect(await catalogue.read()).toBeUndefined()
    for (const list of [
      { versions: ['0.23.2', '0.20.0'], readAt: 1 },
      { versions: [], readAt: 2 },
    ]) {
      await catalogue.write(list)
      expect(await catalogue.read()).toEqual(list)
    }
  })

  test('only one of several concurrent claims wins, and a claim alone is not a list', async () => {
    const claims = await Promise.all(Array.from({ length: 10 }, () => catalogue.claim(1000, 2000)))
    expect(claims.filter((held) => held)).toHaveLength(1)
    expect(await catalogue.read()).toBeUndefined()
  })

  test('a claim that ends far in the future counts as over: it dates from before the clock was set back', async () => {
    expect(await catalogue.claim(10_000_000, 10_001_000)).toBe(true)
    expect(await catalogue.claim(9_999_000, 10_000_000)).toBe(false)
    expect(await catalogue.claim(1000, 2000)).toBe(true)
    expect(await catalogue.claim(1000, 2000)).toBe(false)
  })

  test('a claim ends when its list is written or its time is over', async () => {
    expect(await catalogue.claim(1000, 2000)).toBe(true)
    expect(await catalogue.claim(1999, 3000)).toBe(false)
    expect(await catalogue.claim(2000, 3000)).toBe(true)
    await catalogue.write({ versions: ['1'], readAt: 2500 })
    expect(await catalogue.claim(2600, 3600)).toBe(true)
    expect(await catalogue.read()).toEqual({ versions: ['1'], readAt: 2500 })
  })
}
