import { expect, test } from 'vitest'
import { expirationsOf, expireObjects } from '../../../local/s3/lifecycle.ts'
import { type ObjectInfo, openObjects } from '../../../local/s3/objects.ts'
import type { Resource } from '../../../local/template/template.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 27)

const bucket = (rule: JsonObject): Resource =>
  ({
    name: 'staging',
    logicalId: 'Staging',
    properties: { LifecycleConfiguration: { Rules: [rule] } },
  }) as unknown as Resource

test('a rule with days is read, a disabled one and one for versions are ignored, and any other is an error', () => {
  const noncurrent = { NoncurrentVersionExpiration: { NoncurrentDays: 1 } }
  expect(expirationsOf([bucket({ Status: 'Enabled', ExpirationInDays: 7, ...noncurrent })])).toEqual([
    { bucket: 'staging', prefix: '', days: 7 },
  ])
  expect(expirationsOf([bucket({ Status: 'Enabled', Prefix: 'a/', ExpirationInDays: 7 })])).toEqual([
    { bucket: 'staging', prefix: 'a/', days: 7 },
  ])
  expect(expirationsOf([bucket({ Status: 'Disabled', ExpirationInDays: 7 })])).toEqual([])
  expect(expirationsOf([bucket({ Status: 'Enabled', ...noncurrent })])).toEqual([])
  expect(() => expirationsOf([bucket({ Status: 'Enabled', TagFilters: [] })])).toThrow(
    /Staging: TagFilters of a lifecycle/,
  )
})

test('an object is deleted after the days of its rule, and none with another prefix or in another bucket', async () => {
  const objects = openObjects(temporaryFolder(), ['staging', 'artifacts'])
  const put = (of: string, key: string, lastModified: number) =>
    objects.put({
      ...{ bucket: of, key, ifAbsent: false },
      body: (async function* () {
        yield Buffer.from(key)
      })(),
      info: (): ObjectInfo => ({
        key,
        bytes: key.length,
        etag: '""',
        lastModified,
        headers: {},
        checksums: {},
      }),
    })
  await put('staging', 'a/old', NOW - 7 * DAY)
  await put('staging', 'a/new', NOW - 7 * DAY + 1)
  await put('staging', 'b/old', 0)
  await put('artifacts', 'old', 0)
  expect(await expireObjects(objects, [{ bucket: 'staging', prefix: 'a/', days: 7 }], NOW)).toBe(1)
  const left = async (of: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const { key } of objects.list(of)) keys.push(key)
    return keys.sort()
  }
  expect(await left('staging')).toEqual(['a/new', 'b/old'])
  expect(await left('artifacts')).toEqual(['old'])
})
