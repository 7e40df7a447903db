// Tests a stop or a kill of the stack during a load test: after the next start the registry tests the probe again.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { eventually } from '../support/registry/eventually.ts'
import { about, pinnedPath } from '../support/registry/probes.ts'
import { curl, scratch, startRegistry } from '../support/registry/registry.ts'

const STOPS = [
  ['required', 'SIGKILL'],
  ['recorded', 'SIGTERM'],
  ['recorded', 'SIGKILL'],
  ['required', 'SIGTERM'],
] as const
const TRIED = LONG ? STOPS : STOPS.slice(0, 1)

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The load tests that the local CodeBuild has recorded. */
function loadTests(dataDir: string): { readonly status: string }[] {
  const dir = join(dataDir, 'builds')
  const files = existsSync(dir) ? readdirSync(dir).filter((name) => /LoadTest.*\.json$/.test(name)) : []
  return files.map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')))
}

test.each(TRIED)('a %s load test that %s interrupted runs again', async (mode, signal) => {
  const data = await scratch()
  const path = pinnedPath('cloud-amd64')
  const first = await startRegistry({ dataDir: data.dir, loadTest: mode })
  const asked = curl(['-fsSL', '--max-time', '60', '-o', '/dev/null', first.url + path])
  await eventually('a load test runs', () =>
    loadTests(data.dir).find(({ status }) => status === 'IN_PROGRESS'),
  )
  // The machine is booting now: the build begins within half a second, and the boot takes ten.
  await sleep(2000)
  await first.stop(signal)
  await asked

  const second = await startRegistry({ dataDir: data.dir, loadTest: mode })
  const story = await eventually('a probe with a verdict', async () => {
    const told = await about(second.url + path)
    const isOpen = told.state === 'building' || (told.state === 'published' && told.loadTest === undefined)
    return isOpen ? undefined : told
  })
  expect(story).toMatchObject({ state: 'published', attempt: 1, loadTest: { verdict: 'passed' } })
  expect(loadTests(data.dir).length).toBeGreaterThan(1)
  await second.stop()
  await data.remove()
})
