// Tests a data folder that is not writable. A stack refuses to start with it. A running stack serves published probes, refuses
// new builds with the documented 503 and the reason, and continues without an operator once the folder is writable.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Disk, mountDisk } from '../support/registry/disk.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask, curl, sh } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'
import { testLong } from '../support/unless.ts'

const THERE = pinnedPath('amd64')
const MISSING = pinnedPath('cloud-amd64')

const here = stand({ env: { DATA_ROOM: '16' } })
let data: string
let disk: Disk
/** A client that retries after a 503. */
const get = (path: string) => here.get(path, '--retry', '5')

beforeAll(async () => {
  data = here.dataDir()
  disk = await mountDisk(data, 600)
  await here.start()
  expect(await get(THERE)).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await here.stop()
  await disk.unmount()
})

async function expectHits(): Promise<void> {
  for (let i = 0; i < 5; i += 1) expect((await ask(here.registry().url + THERE)).status).toBe(307)
  expect(await get(THERE)).toMatchObject({ code: 0 })
}

async function expectRefused(): Promise<void> {
  const { stdout } = await curl(['-sS', '-D-', here.registry().url + MISSING])
  expect(stdout).toMatch(/^HTTP\/1\.1 503 /)
  expect(stdout).toMatch(/^retry-after: (?:[12]?\d|30)\r$/im)
  expect(stdout).toMatch(/"code": "no-room"/)
  expect(stdout).toMatch(/its disk is not writable now/)
}

const told = (line: RegExp) => expect.poll(() => here.registry().output(), { timeout: 15_000 }).toMatch(line)

test('each miss is refused, hits continue, and a message names the folder', async () => {
  await disk.cover()
  await expectRefused()
  await expectHits()
  await told(/^\S+data is not writable: EROFS: read-only file system.* Published probes are served/m)
  await expectRefused()
})

test('builds continue once the folder is writable, and a refused client gets its probe', async () => {
  await disk.uncover()
  await told(/^\S+data is writable again: new probes are built$/m)
  // A refused client retries after the time in Retry-After.
  await new Promise((resolve) => setTimeout(resolve, 31_000))
  expect(await get(MISSING)).toMatchObject({ code: 0 })
})

function startOutput(dataDir: string): string {
  const { status, stderr } = spawnSync('sh', ['local/start.sh'], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(status).toBe(1)
  return stderr
}

test('the stack refuses to start, names the folder and a remedy, and creates no folder', async () => {
  await here.stop()
  await sh('mount', ['-o', 'remount,ro', data])
  expect(startOutput(data)).toMatch(
    /^cannot start: DATA_DIR=\S+data is not writable: EROFS: read-only file system.*\. Mount its disk for writing \(.*\), or choose another folder$/m,
  )
  const fresh = join(data, 'new', 'data')
  expect(startOutput(fresh)).toMatch(
    /^cannot start: DATA_DIR=\S+new\/data cannot be created: EROFS: read-only file system.*\. Choose a folder/m,
  )
  expect(existsSync(fresh)).toBe(false)
  await sh('mount', ['-o', 'remount,rw', data])
  await here.start()
  await expectHits()
  await here.stop()
})

testLong(
  'a disk whose errors ended its writing says nothing of itself, and it is seen all the same',
  async () => {
    const [disk, dir] = [join(here.dir(), 'disk'), join(here.dir(), 'mounted')]
    mkdirSync(dir)
    await sh('truncate', ['-s', '600M', disk])
    await sh('mkfs.ext4', ['-q', disk])
    await sh('mount', ['-o', 'loop', disk, dir])
    try {
      await here.start({ dataDir: join(dir, 'data') })
      expect(await get(THERE)).toMatchObject({ code: 0 })
      await sh('mount', ['-o', 'remount,abort', dir])
      await expectRefused()
      await expectHits()
      await told(/^\S+mounted\/data is not writable: EROFS: .*see dmesg/m)
      expect(await here.stop()).toBe(0)
    } finally {
      await here.stop()
      await sh('umount', [dir])
    }
  },
)
