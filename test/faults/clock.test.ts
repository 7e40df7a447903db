// Tests changes of the machine's clock while the stack runs: they make no client wait.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { type Clock, clockOf } from '../support/registry/clock.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'
import { traffic } from '../support/registry/traffic.ts'

/** Seconds. */
const JUMPS = LONG ? [-3600, 3600, -7200, 86_400, -80_000] : [-3600, 7200]

const THERE = pinnedPath('amd64')

const here = stand()
let clock: Clock
const start = () => here.start({ env: clock.env })
const get = (path: string) => here.get(path, '--max-time', '60')

beforeAll(async () => {
  clock = clockOf(join(here.dir(), 'offset'))
  await start()
  expect(await get(THERE)).toMatchObject({ code: 0 })
})

describe.each(JUMPS)('a clock that is %i s off from the start', (seconds) => {
  test('does not prevent downloads of published probes', async () => {
    clock.set(seconds)
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(here.registry().url + THERE)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([307]))
    expect(await get(THERE)).toMatchObject({ code: 0 })
  })
})

test('running requests get their answers while the clock is set forward and back', async () => {
  // For each path, the registry reads other data.
  const paths = [
    '/keys/falco-probes.asc',
    '/v1/probes',
    '/v1/driver-versions',
    ...Array(8).fill(`${THERE}.json`),
  ]
  const asking = traffic(
    here.registry().url,
    paths.map((path) => [path]),
    0,
  )
  for (let i = 0; i < 20; i += 1) {
    clock.set(i % 2 === 0 ? 7200 : 0)
    await sleep(200)
  }
  await asking.end()
  expect(asking.all.length).toBeGreaterThan(500)
  expect(asking.all.filter(({ status }) => status !== 200)).toEqual([])
})

test('the registry serves a probe if the clock was set back during its build', async () => {
  clock.set(0)
  const asked = get(pinnedPath('cloud-amd64'))
  await sleep(3000)
  clock.set(-3600)
  await asked
  expect(await get(pinnedPath('cloud-amd64'))).toMatchObject({ code: 0 })
})

test('the registry builds a probe though its claim is two hours in the future', async () => {
  // The stack is killed during a build, while the clock is two hours ahead.
  clock.set(7200)
  void get(pinnedPath('amd64', 'o'))
  await sleep(1500)
  await here.stop('SIGKILL')
  clock.set(0)
  await start()
  let last = await get(pinnedPath('amd64', 'o'))
  for (let tries = 0; tries < 3 && last.code !== 0; tries += 1) last = await get(pinnedPath('amd64', 'o'))
  expect(last).toMatchObject({ code: 0 })
})
