// The stack stops in the middle of a load test: nothing is published that was never tested, and nothing stays untested.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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

const STOPS = [
  ['required', 'SIGKILL'],
  ['recorded', 'SIGTERM'],
  ['recorded', 'SIGKILL'],
  ['required', 'SIGTERM'],
] as const
const TRIED = LONG ? STOPS : STOPS.slice(0, 1)

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The first answer that is one, within two minutes. */
async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(200)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`it never happened: ${what}`)
}

/** Builds on record of the projects of load tests, as the local CodeBuild writes them down. */
function loadTests(dataDir: string): { readonly status: string }[] {
  const dir = join(dataDir, 'builds')
  const files = existsSync(dir) ? readdirSync(dir).filter((name) => /LoadTest.*\.json$/.test(name)) : []
  return files.map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')))
}

const storyOf = async ({ url }: Registry, path: string) => JSON.parse((await ask(`${url}${path}.json`)).body)

test.each(TRIED)('a load test that is %s and broke off by %s is made up for', async (mode, signal) => {
  const data = await scratch()
  const kernel = pinned('6.1', 'cloud-amd64')
  const path = `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${kernel.release}_1.ko`
  const first = await startRegistry({ dataDir: data.dir, loadTest: mode })
  const asked = curl(['-fsSL', '--max-time', '60', '-o', '/dev/null', first.url + path])
  await eventually('a load test runs', () =>
    loadTests(data.dir).find(({ status }) => status === 'IN_PROGRESS'),
  )
  // Its machine is on its way: the build begins within half a second, and boots for ten.
  await sleep(2000)
  await first.stop(signal)
  await asked

  const second = await startRegistry({ dataDir: data.dir, loadTest: mode })
  const story = await eventually('a probe with a verdict', async () => {
    const told = await storyOf(second, path)
    const isOpen = told.state === 'building' || (told.state === 'published' && told.loadTest === undefined)
    return isOpen ? undefined : told
  })
  expect(story).toMatchObject({ state: 'published', attempt: 1, loadTest: { verdict: 'passed' } })
  expect(loadTests(data.dir).length).toBeGreaterThan(1)
  await second.stop()
  await data.remove()
})
