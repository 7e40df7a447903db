// The disk of the data is full: what is published is served, what is new is refused with the contract's 503, and work goes on by
// itself when there is room.

import { rmSync, statfsSync, writeFileSync } from 'node:fs'
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

const pathOf = (release: string, extension = 'ko') =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${release}_1.${extension}`
const THERE = pathOf(pinned('6.1', 'amd64').release)
const MISSING = pathOf(pinned('6.1', 'cloud-amd64').release)

let work: Awaited<ReturnType<typeof scratch>>
let data: string
let registry: Registry
const start = async () => {
  registry = await startRegistry({ dataDir: data, env: { DATA_ROOM: '64' } })
}
const get = (path: string) => curl(['-fsSL', '--max-time', '60', '-o', '/dev/null', registry.url + path])

let fillers = 0
const fillerOf = (i: number): string => join(data, `filler-${i}`)

/** Until not a byte is left. */
function fill(): void {
  const { bavail, bsize } = statfsSync(data)
  for (let bytes = bavail * bsize; bytes > 0; bytes = Math.floor(bytes / 2)) {
    fillers += 1
    try {
      writeFileSync(fillerOf(fillers), Buffer.alloc(bytes))
    } catch {
      // What fits of it stays.
    }
  }
  expect(statfsSync(data).bavail).toBe(0)
}
const empty = (): void => {
  for (; fillers > 0; fillers -= 1) rmSync(fillerOf(fillers), { force: true })
}

beforeAll(async () => {
  work = await scratch()
  data = join(work.dir, 'data')
  await sh('mkdir', [data])
  await sh('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=700', 'data', data])
  await start()
  expect(await get(THERE)).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await registry.stop()
  await sh('umount', [data])
  await work.remove()
})

async function expectFull(): Promise<void> {
  for (let i = 0; i < 10; i += 1) expect((await ask(registry.url + THERE)).status).toBe(307)
  expect(await get(THERE)).toMatchObject({ code: 0 })
  const { stdout } = await curl(['-sS', '-D-', registry.url + MISSING])
  expect(stdout).toMatch(/^HTTP\/1\.1 503 /)
  expect(stdout).toMatch(/^retry-after: (?:[12]?\d|30)\r$/im)
  expect(stdout).toMatch(/"code": "no-room"/)
}

test('hits go on, new builds are refused, and the operator is told which folder and how much is free', async () => {
  fill()
  await expect
    .poll(() => registry.output(), { timeout: 10_000 })
    .toMatch(
      /^no space: \d+ MB are free in \S+data, and 64 MB are needed \(DATA_ROOM\)\. What is published is served/m,
    )
  await expectFull()
})

test('a start on a full disk serves what is published', async () => {
  expect(await registry.stop('SIGKILL')).toBe('SIGKILL')
  fill()
  await start()
  await expectFull()
})

test('work goes on by itself when there is room', async () => {
  empty()
  await expect.poll(() => registry.output(), { timeout: 10_000 }).toMatch(/^there is room again in \S+data/m)
  // Whoever was refused asks again after the time that it was told.
  await new Promise((resolve) => setTimeout(resolve, 31_000))
  expect(await get(MISSING)).toMatchObject({ code: 0 })
})
