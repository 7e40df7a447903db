// The machine's clock is set while the stack runs: nobody waits for the time that was taken away or given.

import { existsSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'

/** libfaketime shifts what the process takes for the time of day, by what a file says at that moment. */
function clockEnv(offsetFile: string): Record<string, string> {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
  if (library === undefined || !existsSync(library))
    throw new Error('libfaketime is not here: sh local/setup.sh test')
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: offsetFile,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** Seconds. */
const JUMPS = LONG ? [-3600, 3600, -7200, 86_400, -80_000] : [-3600, 7200]

const pathOf = (flavour: 'amd64' | 'cloud-amd64', extension = 'ko') =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${pinned('6.1', flavour).release}_1.${extension}`

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
const setClock = (seconds: number) =>
  writeFileSync(join(work.dir, 'offset'), `${seconds < 0 ? '' : '+'}${seconds}\n`)
const get = (path: string) => curl(['-fsSL', '--max-time', '60', '-o', '/dev/null', registry.url + path])

beforeAll(async () => {
  work = await scratch()
  setClock(0)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    env: clockEnv(join(work.dir, 'offset')),
  })
  expect(await get(pathOf('amd64'))).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

describe.each(JUMPS)('a clock that is set to %i s from what it was at the start', (seconds) => {
  test('keeps nobody from a probe that is there', async () => {
    setClock(seconds)
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(registry.url + pathOf('amd64'))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([307]))
    expect(await get(pathOf('amd64'))).toMatchObject({ code: 0 })
  })
})

test('a probe whose build ran while the clock was set back is served', async () => {
  setClock(0)
  const asked = get(pathOf('cloud-amd64'))
  await new Promise((resolve) => setTimeout(resolve, 3000))
  setClock(-3600)
  await asked
  expect(await get(pathOf('cloud-amd64'))).toMatchObject({ code: 0 })
})

test('what a clock that ran ahead has left is taken up again', async () => {
  // A client asks, and the stack dies under its build: the claim is of two hours ahead.
  setClock(7200)
  void get(pathOf('amd64', 'o'))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await registry.stop('SIGKILL')
  setClock(0)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    env: clockEnv(join(work.dir, 'offset')),
  })
  let last = await get(pathOf('amd64', 'o'))
  for (let tries = 0; tries < 3 && last.code !== 0; tries += 1) last = await get(pathOf('amd64', 'o'))
  expect(last).toMatchObject({ code: 0 })
})
