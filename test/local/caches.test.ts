// Tests the caches: they remove replaceable objects, the least recently used first, and keep those that a build may need.

import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as keys from '../../lib/model/keys.ts'
import { type Cache, type Cached, createCaches } from '../../local/caches.ts'
import { cachedBuckets, cachesOf } from '../../local/s3/cached.ts'
import { type ObjectInfo, openObjects } from '../../local/s3/objects.ts'
import type { Resource } from '../../local/template/template.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 27)
const now = () => NOW

/** `[name, bytes, hours ago]`; `removed` gets the name of each removed object. */
function cacheOf(removed: string[], all: readonly [string, number, number][], dir = tmpdir()): Cache {
  const left = [...all]
  return {
    dir,
    async *list(): AsyncGenerator<Cached> {
      for (const one of left)
        yield {
          bytes: one[1],
          usedAt: NOW - one[2] * HOUR,
          remove: async () => {
            removed.push(one[0])
            left.splice(left.indexOf(one), 1)
            return true
          },
        }
    },
  }
}

describe('the size limit', () => {
  const made = (bound: number) => {
    const removed: string[] = []
    const first = cacheOf(removed, [
      ['image of today', 10, 3],
      ['image of yesterday', 10, 24],
      ['image in use', 10, 1],
    ])
    const last = cacheOf(removed, [
      ['old package', 10, 2000],
      ['package', 10, 30],
    ])
    return { removed, caches: createCaches({ caches: [first, last], bound, now }) }
  }

  test('removes the least recently used objects, from the least valuable cache first', async () => {
    const { removed, caches } = made(25)
    expect(await caches.trim()).toBe(30)
    expect(removed).toEqual(['image of yesterday', 'image of today', 'old package'])
    expect(await caches.trim()).toBe(0)
  })

  test('keeps objects that were used in the last two hours, even at 0', async () => {
    const { removed, caches } = made(0)
    expect(await caches.trim()).toBe(40)
    expect(removed).not.toContain('image in use')
  })

  test('removes nothing if it is not exceeded', async () => {
    const { removed, caches } = made(50)
    expect(await caches.trim()).toBe(0)
    expect(removed).toEqual([])
  })
})

test('if a disk is short of space, only the necessary objects are removed, and only from that disk', async () => {
  const removed: string[] = []
  const elsewhere = cacheOf(removed, [['elsewhere', 1, 99]], '/proc')
  const here = cacheOf(removed, [
    ['b', 1, 9],
    ['a', 1, 10],
    ['c', 1, 8],
  ])
  const caches = createCaches({ caches: [elsewhere, here], bound: Number.POSITIVE_INFINITY, now })
  expect(await caches.free(tmpdir(), () => removed.length === 2)).toBe(2)
  expect(removed).toEqual(['a', 'b'])
})

describe('an object', () => {
  const dir = mkdtempSync(join(tmpdir(), 'caches-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const objects = openObjects(dir, ['inputs', 'artifacts'], { used: ['inputs'] })
  const put = (bucket: string, key: string) =>
    objects.put({
      ...{ bucket, key, ifAbsent: true },
      body: (async function* () {
        yield Buffer.from(key)
      })(),
      info: (): ObjectInfo => ({
        ...{ key, bytes: key.length, etag: '""', lastModified: 0 },
        ...{ headers: {}, checksums: {} },
      }),
    })
  const fileIn = (bucket: string): string => join(dir, bucket, readdirSync(join(dir, bucket))[0]!)
  const usedIn = (bucket: string): number => statSync(fileIn(bucket)).mtimeMs
  const age = (bucket: string, ms: number): void => {
    const at = new Date(Date.now() - ms)
    utimesSync(fileIn(bucket), at, at)
  }
  const read = async (bucket: string) => (await objects.open(bucket, 'key'))?.file.close()
  const listed = async () => {
    for await (const object of objects.list('inputs')) return object
    throw new Error('none is there')
  }

  test('records its last use at most once an hour, and a listing is not a use', async () => {
    for (const bucket of ['inputs', 'artifacts']) await put(bucket, 'key')
    age('inputs', 2 * HOUR)
    const before = usedIn('inputs')
    expect((await listed()).usedAt).toBe(before)
    expect(usedIn('inputs')).toBe(before)
    await read('inputs')
    const read1 = usedIn('inputs')
    expect(read1).toBeGreaterThan(before)
    age('inputs', HOUR / 2)
    const half = usedIn('inputs')
    await read('inputs')
    expect(usedIn('inputs')).toBe(half)
    age('artifacts', 2 * HOUR)
    const published = usedIn('artifacts')
    await read('artifacts')
    expect(usedIn('artifacts')).toBe(published)
  })

  test('that was used after the listing is kept', async () => {
    age('inputs', 5 * HOUR)
    const seen = await listed()
    await read('inputs')
    expect(await objects.deleteUnused('inputs', seen)).toBe(false)
    expect(await objects.deleteUnused('inputs', await listed())).toBe(true)
    expect(await objects.open('inputs', 'key')).toBeUndefined()
  })

  test('that is stored again counts as used', async () => {
    await put('inputs', 'key')
    age('inputs', 5 * HOUR)
    const before = usedIn('inputs')
    expect(await put('inputs', 'key')).toBe('exists')
    expect(usedIn('inputs')).toBeGreaterThan(before)
  })
})

describe('of the objects of the registry', () => {
  const bucket = (logicalId: string) => ({ logicalId, name: logicalId.toLowerCase() }) as Resource
  const buckets = ['Artifacts', 'Staging', 'Inputs', 'Roots'].map((name) => bucket(`${name}0A1B2C3D`))
  const asked: { name: string; of: RegExp }[] = []
  cachesOf(
    {
      cache: (name, of) => {
        asked.push({ name, of })
        return cacheOf([], [])
      },
    },
    buckets,
  )
  const placeOf = (name: string, key: string) =>
    asked.findIndex((kind) => kind.name.startsWith(name) && kind.of.test(key))
  const { boot, verdict, job } = keys.loadTestKeys('claim', 1)
  const staging = keys.stagingKeys('claim')

  test.each([
    ['staging', boot, 0],
    ['staging', staging.prepared, 0],
    ['inputs', keys.imageKey('a'), 1],
    ['inputs', keys.treeKey('a'), 2],
    ['inputs', keys.inputKey('a'), 3],
    ['inputs', keys.listKey('a'), 3],
  ])('in %s, %s is in the cache with place %i in the order of removal', (name, key, place) => {
    expect(placeOf(name, key)).toBe(place)
  })

  test('no submission, no input of a build and no published probe is removed', () => {
    for (const key of [keys.submittedKey('a'), keys.kernelKey('a/b')]) expect(placeOf('inputs', key)).toBe(-1)
    for (const key of [verdict, job, staging.plan, staging.probe, staging.manifest, staging.log])
      expect(placeOf('staging', key)).toBe(-1)
    expect(cachedBuckets(buckets)).toEqual(['staging0a1b2c3d', 'inputs0a1b2c3d'])
  })
})
