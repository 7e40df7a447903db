// SIGTERM while clients download, ask and wait: nobody gets a 500, and the process is gone within ten seconds.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'

const pathOf = (flavour: 'amd64' | 'cloud-amd64', extension = 'ko') =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${pinned('6.1', flavour).release}_1.${extension}`
const THERE = pathOf('amd64')
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
const start = async () => {
  registry = await startRegistry({ dataDir: join(work.dir, 'data') })
}
beforeAll(async () => {
  work = await scratch()
  await start()
  expect(await curl(['-fsSL', '-o', '/dev/null', registry.url + THERE])).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

test('downloads end whole, who waits is told to ask again, and all is over within ten seconds', async () => {
  const { url } = registry
  const digest = (await ask(`${url}${THERE}.sha256`, '-L')).body.slice(0, 64)
  const file = join(work.dir, 'slow.ko')
  const slow = curl(['-fsSL', '--limit-rate', '250k', '-o', file, url + THERE])
  const waiting = curl(['-sSL', '-D-', '-o', '/dev/null', '--max-time', '30', url + pathOf('cloud-amd64')])
  await sleep(1500)
  const hits = Array.from({ length: 20 }, () => ask(url + THERE))
  const began = Date.now()
  expect(await registry.stop('SIGTERM')).toBe(0)
  expect(Date.now() - began).toBeLessThan(10_000)

  const waited = (await waiting).stdout
  expect(waited).toMatch(/^HTTP\/1\.1 503 /m)
  expect(waited).toMatch(/^retry-after: 5\r$/im)
  expect(waited).not.toMatch(/^HTTP\/1\.1 500 /m)
  expect((await slow).code).toBe(0)
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(digest)
  // Answered, or not connected: curl has no status for that.
  for (const { status } of await Promise.all(hits)) expect([307, 0]).toContain(status)

  // What was being built is built by the next request after the next start.
  await start()
  const answer = await curl([
    '-fsSL',
    '--retry',
    '3',
    '--max-time',
    '60',
    '-o',
    '/dev/null',
    registry.url + pathOf('cloud-amd64'),
  ])
  expect(answer).toMatchObject({ code: 0 })
})

test('a second signal does not wait for anybody', async () => {
  const waiting = curl(['-sSL', '--max-time', '30', registry.url + pathOf('amd64', 'o')])
  await sleep(1500)
  const ended = registry.stop('SIGTERM')
  await sleep(100)
  process.kill(registry.pid, 'SIGTERM')
  expect(await ended).toBe(1)
  expect((await waiting).code).not.toBe(0)
  await start()
})
