// The folder of the data cannot be written in: at the start that is refused; a stack that runs serves what is published, refuses
// what is new with the contract's 503 and why, and goes on by itself where its disk does.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

const pathOf = (release: string) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${release}_1.ko`
const THERE = pathOf(pinned('6.1', 'amd64').release)
const MISSING = pathOf(pinned('6.1', 'cloud-amd64').release)

let work: Awaited<ReturnType<typeof scratch>>
let data: string
let registry: Registry | undefined
/** As a client that comes back after 503. */
const get = (path: string) => curl(['-fsSL', '--retry', '5', '-o', '/dev/null', registry!.url + path])
const start = async (dataDir: string) => {
  registry = await startRegistry({ dataDir, env: { DATA_ROOM: '16' } })
}
async function stop(): Promise<void> {
  await registry?.stop()
  registry = undefined
}

beforeAll(async () => {
  work = await scratch()
  data = join(work.dir, 'data')
  mkdirSync(data)
  await sh('mount', ['-t', 'tmpfs', '-o', 'size=600m,mode=700', 'data', data])
  await start(data)
  expect(await get(THERE)).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await stop()
  await sh('umount', [data])
  await work.remove()
})

async function expectHits(): Promise<void> {
  for (let i = 0; i < 5; i += 1) expect((await ask(registry!.url + THERE)).status).toBe(307)
  expect(await get(THERE)).toMatchObject({ code: 0 })
}

async function expectRefused(): Promise<void> {
  const { stdout } = await curl(['-sS', '-D-', registry!.url + MISSING])
  expect(stdout).toMatch(/^HTTP\/1\.1 503 /)
  expect(stdout).toMatch(/^retry-after: (?:[12]?\d|30)\r$/im)
  expect(stdout).toMatch(/"code": "no-room"/)
  expect(stdout).toMatch(/its disk cannot be written now/)
}

const told = (line: RegExp) => expect.poll(() => registry!.output(), { timeout: 15_000 }).toMatch(line)

/** What is open for writing keeps a disk from being mounted read-only: this has every path lead to a mount that is. */
async function cover(dir: string): Promise<void> {
  await sh('mount', ['--bind', dir, dir])
  await sh('mount', ['-o', 'remount,ro,bind', dir])
}

test('a miss is refused from the first one on, hits go on, and the operator is told which folder', async () => {
  await cover(data)
  await expectRefused()
  await expectHits()
  await told(/^\S+data cannot be written in: EROFS: read-only file system.* What is published is served/m)
  await expectRefused()
})

test('it goes on by itself once the folder can be written in, and the client that was refused is served', async () => {
  await sh('umount', [data])
  await told(/^\S+data can be written in again: new probes are built$/m)
  // Whoever was refused asks again after the time that it was told.
  await new Promise((resolve) => setTimeout(resolve, 31_000))
  expect(await get(MISSING)).toMatchObject({ code: 0 })
})

function startOutput(dataDir: string): string {
  const { status, stderr } = spawnSync(process.execPath, ['local/main.ts'], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(status).toBe(1)
  return stderr
}

test('a start is refused with a sentence that names the folder and what to do, and makes no key', async () => {
  await stop()
  await sh('mount', ['-o', 'remount,ro', data])
  expect(startOutput(data)).toMatch(
    /^cannot start: DATA_DIR=\S+data cannot be written in: EROFS: read-only file system.*\. Have its disk mounted for writing \(.*\), or name another folder$/m,
  )
  const fresh = join(data, 'new', 'data')
  expect(startOutput(fresh)).toMatch(
    /^cannot start: DATA_DIR=\S+new\/data cannot be made: EROFS: read-only file system.*\. Name a folder/m,
  )
  expect(existsSync(fresh)).toBe(false)
  await sh('mount', ['-o', 'remount,rw', data])
  await start(data)
  await expectHits()
  await stop()
})

test('a disk whose errors ended its writing says nothing of itself, and it is seen all the same', async () => {
  const [disk, dir] = [join(work.dir, 'disk'), join(work.dir, 'mounted')]
  mkdirSync(dir)
  await sh('truncate', ['-s', '600M', disk])
  await sh('mkfs.ext4', ['-q', disk])
  await sh('mount', ['-o', 'loop', disk, dir])
  try {
    await start(join(dir, 'data'))
    expect(await get(THERE)).toMatchObject({ code: 0 })
    await sh('mount', ['-o', 'remount,abort', dir])
    await expectRefused()
    await expectHits()
    await told(/^\S+mounted\/data cannot be written in: EROFS: .*dmesg tells/m)
    expect(await registry!.stop()).toBe(0)
  } finally {
    await stop()
    await sh('umount', [dir])
  }
})
