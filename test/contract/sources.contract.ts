// The promises of Sources, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Sources } from '../../lib/model/ports.ts'
import type { Source } from '../../lib/model/probe.ts'

const VERSION = '10.2.0+driver'
const sourceOf = (digit: number): Source => ({
  name: 'libs',
  version: VERSION,
  url: `http://mirror/${digit}.tar.gz`,
  sha256: String(digit % 10).repeat(64),
})

/** `make`: no source on record. */
export function sourcesContract(make: () => Promise<Sources>): void {
  let sources: Sources
  beforeEach(async () => {
    sources = await make()
  })

  test('a source is on record from its first use on', async () => {
    expect(await sources.recorded(VERSION)).toBeUndefined()
    expect(await sources.record(VERSION, sourceOf(1))).toEqual(sourceOf(1))
    expect(await sources.recorded(VERSION)).toEqual(sourceOf(1))
  })

  test('a recorded source stays, even if another one is recorded later', async () => {
    await sources.record(VERSION, sourceOf(1))
    expect(await sources.record(VERSION, sourceOf(2))).toEqual(sourceOf(1))
    expect(await sources.recorded(VERSION)).toEqual(sourceOf(1))
  })

  test('all concurrent callers of record get the same source', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, (_, i) => sources.record(VERSION, sourceOf(i))))
    expect(new Set(told.map(({ url }) => url)).size).toBe(1)
    expect(await sources.recorded(VERSION)).toEqual(told[0])
  })

  test('two driver versions have independent records', async () => {
    await sources.record(VERSION, sourceOf(1))
    expect(await sources.recorded('10.2.0')).toBeUndefined()
  })
}
