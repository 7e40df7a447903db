// Tests SIGTERM while clients download, ask and wait: no client gets a 500, and the process ends within ten seconds.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask, curl } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const THERE = pinnedPath('amd64')
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const here = stand()
beforeAll(async () => {
  await here.start()
  expect(await here.get(THERE)).toMatchObject({ code: 0 })
})

test('downloads are completed, waiting clients are asked to retry, and the stack stops within ten seconds', async () => {
  const { url } = here.registry()
  const digest = (await ask(`${url}${THERE}.sha256`, '-L')).body.slice(0, 64)
  const file = join(here.dir(), 'slow.ko')
  const slow = curl(['-fsSL', '--limit-rate', '250k', '-o', file, url + THERE])
  const waiting = curl([
    '-sSL',
    '-D-',
    '-o',
    '/dev/null',
    '--max-time',
    '30',
    url + pinnedPath('cloud-amd64'),
  ])
  await sleep(1500)
  const hits = Array.from({ length: 20 }, () => ask(url + THERE))
  const began = Date.now()
  expect(await here.stop('SIGTERM')).toBe(0)
  expect(Date.now() - began).toBeLessThan(10_000)

  const waited = (await waiting).stdout
  expect(waited).toMatch(/^HTTP\/1\.1 503 /m)
  expect(waited).toMatch(/^retry-after: 5\r$/im)
  expect(waited).not.toMatch(/^HTTP\/1\.1 500 /m)
  expect((await slow).code).toBe(0)
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(digest)
  // Each is answered, or not connected: then curl has the status 0.
  for (const { status } of await Promise.all(hits)) expect([307, 0]).toContain(status)

  // After the next start, the next request builds the interrupted probe.
  await here.start()
  const answer = await here.get(pinnedPath('cloud-amd64'), '--retry', '3', '--max-time', '60')
  expect(answer).toMatchObject({ code: 0 })
})

test('a second signal ends the stack without waiting for clients', async () => {
  const waiting = curl(['-sSL', '--max-time', '30', here.registry().url + pinnedPath('amd64', 'o')])
  await sleep(1500)
  const ended = here.stop('SIGTERM')
  await sleep(100)
  process.kill(here.registry().pid, 'SIGTERM')
  expect(await ended).toBe(1)
  expect((await waiting).code).not.toBe(0)
  await here.start()
})
