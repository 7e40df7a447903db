// Tests a full disk of the data: the registry serves published probes, refuses new builds with the documented 503, and continues
// without an operator once there is enough space.

import { statfsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Disk, mountDisk } from '../support/registry/disk.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask, curl } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const THERE = pinnedPath('amd64')
const MISSING = pinnedPath('cloud-amd64')

const here = stand({ env: { DATA_ROOM: '64' } })
let disk: Disk
const get = (path: string) => here.get(path, '--max-time', '60')

function fill(): void {
  disk.fill()
  expect(statfsSync(here.dataDir()).bavail).toBe(0)
}

beforeAll(async () => {
  disk = await mountDisk(here.dataDir(), 400)
  await here.start()
  expect(await get(THERE)).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await here.stop()
  await disk.unmount()
})

async function expectFull(): Promise<void> {
  for (let i = 0; i < 10; i += 1) expect((await ask(here.registry().url + THERE)).status).toBe(307)
  expect(await get(THERE)).toMatchObject({ code: 0 })
  const { stdout } = await curl(['-sS', '-D-', here.registry().url + MISSING])
  expect(stdout).toMatch(/^HTTP\/1\.1 503 /)
  expect(stdout).toMatch(/^retry-after: (?:[12]?\d|30)\r$/im)
  expect(stdout).toMatch(/"code": "no-room"/)
}

test('hits continue, new builds are refused, and a message names the folder and the free space', async () => {
  fill()
  await expect
    .poll(() => here.registry().output(), { timeout: 10_000 })
    .toMatch(
      /^no space: \d+ MB are free in \S+data, and 64 MB are needed \(DATA_ROOM\)\. Published probes are served/m,
    )
  await expectFull()
})

test('a registry that starts on a full disk serves published probes', async () => {
  expect(await here.stop('SIGKILL')).toBe('SIGKILL')
  fill()
  await here.start()
  await expectFull()
})

test('builds continue without an operator once there is enough space', async () => {
  disk.empty()
  await expect
    .poll(() => here.registry().output(), { timeout: 10_000 })
    .toMatch(/^there is enough space again in \S+data/m)
  // A refused client retries after the time in Retry-After.
  await new Promise((resolve) => setTimeout(resolve, 31_000))
  expect(await get(MISSING)).toMatchObject({ code: 0 })
})
