// Tests the caches: the registry deletes unused entries above CACHE_ROOM, and if the disk gets full. The next build downloads
// them again, and the registry serves published probes all the time.

import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cacheFolder } from '../../local/roots.ts'
import { openObjects } from '../../local/s3/objects.ts'
import { type Disk, mountDisk } from '../support/registry/disk.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask, sh } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'
import { testLong } from '../support/unless.ts'

const THERE = pinnedPath('amd64')

const here = stand()
let data: string
let disk: Disk
/** The registry uses a copy of the roots, so that it deletes no roots of this user's other registries. */
const start = (env: Record<string, string> = {}) =>
  here.start({ env: { DATA_ROOM: '64', XDG_CACHE_HOME: join(here.dir(), 'cache'), ...env } })
const get = (path: string) => here.get(path, '--retry', '5')

const bucketNamed = (name: string): string => {
  const found = readdirSync(join(data, 's3')).find((one) => one.includes(name))
  if (found === undefined) throw new Error(`there is no bucket ${name}`)
  return found
}
const filesIn = (name: string): string[] => {
  const folder = join(data, 's3', bucketNamed(name))
  return readdirSync(folder).map((file) => join(folder, file))
}
const inputBytes = (): number => filesIn('inputs').reduce((sum, file) => sum + statSync(file).size, 0)
/** Sets the times of the files as if they had not been used since yesterday. */
const age = (): void => {
  const yesterday = new Date(Date.now() - 86_400_000)
  for (const file of [...filesIn('inputs'), ...filesIn('artifacts')]) utimesSync(file, yesterday, yesterday)
}
async function keysOf(name: string): Promise<string[]> {
  const objects = openObjects(join(data, 's3'), [])
  const keys: string[] = []
  for await (const { key } of objects.list(bucketNamed(name))) keys.push(key)
  return keys.sort()
}

beforeAll(async () => {
  data = here.dataDir()
  const cache = join(here.dir(), 'cache')
  await sh('mkdir', [cache])
  const copy = 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"'
  await sh('sh', ['-c', copy, cacheFolder(process.env), join(cache, 'probe-registry')])
  disk = await mountDisk(data, 700)
  await start()
  expect(await get(THERE)).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await here.stop()
  await disk.unmount()
})

test('a full disk does not delete inputs that a running build may need', async () => {
  const before = await keysOf('inputs')
  disk.fill(40_000_000)
  await expect.poll(() => here.registry().output(), { timeout: 10_000 }).toMatch(/^no space: /m)
  expect(await keysOf('inputs')).toEqual(before)
  disk.empty()
  await expect
    .poll(() => here.registry().output(), { timeout: 10_000 })
    .toMatch(/^there is enough space again/m)
})

test('on a nearly full disk the registry deletes unused cache entries before it refuses builds', async () => {
  await here.stop()
  age()
  await start()
  const published = await keysOf('artifacts')
  const bytes = inputBytes()
  disk.fill(60_000_000)
  await expect
    .poll(() => here.registry().output(), { timeout: 10_000 })
    .toMatch(/^\d+ MB of the least recently used cache were deleted/m)
  disk.empty()
  expect(here.registry().output()).not.toMatch(/^no space/m)
  expect(inputBytes()).toBeLessThan(bytes)
  expect(await keysOf('artifacts')).toEqual(published)
  expect((await ask(here.registry().url + THERE)).status).toBe(307)
  expect(await get(THERE)).toMatchObject({ code: 0 })
})

/** The key of an input that no build needs. */
const UNUSED = `sha256/${'0'.repeat(64)}`
async function putUnused(): Promise<void> {
  const body = Buffer.alloc(5_000_000)
  await openObjects(join(data, 's3'), []).put({
    ...{ bucket: bucketNamed('inputs'), key: UNUSED, ifAbsent: true },
    body: (async function* () {
      yield body
    })(),
    info: () => ({
      ...{ key: UNUSED, bytes: body.length, etag: '""', lastModified: Date.now() },
      ...{ headers: {}, checksums: {} },
    }),
  })
}

testLong(
  'what is gone is fetched again by the next build, and above CACHE_ROOM only what nobody uses goes',
  async () => {
    // Deletes all inputs, though the records still have them.
    await here.stop()
    for (const file of filesIn('inputs')) rmSync(file)
    await putUnused()
    age()
    await start({ CACHE_ROOM: '1' })
    expect(await get(pinnedPath('amd64', 'o'))).toMatchObject({ code: 0 })
    expect(await get(pinnedPath('cloud-amd64'))).toMatchObject({ code: 0 })
    // The registry deletes a minute after its start.
    await expect
      .poll(() => here.registry().output(), { timeout: 90_000 })
      .toMatch(/^\d+ MB of the least recently used cache were deleted/m)
    const left = await keysOf('inputs')
    expect(left).not.toContain(UNUSED)
    expect(left.filter((key) => key.startsWith('sha256/')).length).toBeGreaterThan(2)
    expect(await get(THERE)).toMatchObject({ code: 0 })
  },
)
