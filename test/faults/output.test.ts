// What `npm start` tells its operator, step by step.

import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import { curl, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), args: ['--json'] })
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const pathOf = (release: string) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${release}_1.ko`

const steps = (): { key: string; step: string; detail?: string; seconds?: number; waiting: number }[] =>
  registry
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

test('each step of a probe is one line, and where state and logs are is told before all', async () => {
  expect(registry.output()).toMatch(/^state: \S+data, logs: \S+data\/logs, room there: \d+\.\d GB$/m)
  const { release } = pinned('6.1', 'amd64')
  expect(await curl(['-fsSL', '-o', '/dev/null', registry.url + pathOf(release)])).toMatchObject({ code: 0 })
  expect(await curl(['-sSL', '-o', '/dev/null', registry.url + pathOf('6.1.9999-1-amd64')])).toMatchObject({
    code: 0,
  })
  await expect.poll(() => steps().length).toBeGreaterThan(4)
  const [good, bad] = ['6.1.9999-1-amd64', release]
    .reverse()
    .map((of) => steps().filter(({ key }) => key.includes(of)))
  expect(good?.map(({ step }) => step)).toEqual(['asked', 'building', 'published'])
  expect(good?.at(-1)).toMatchObject({ seconds: expect.any(Number), waiting: expect.any(Number) })
  expect(bad?.map(({ step, detail }) => [step, detail])).toEqual([
    ['asked', undefined],
    ['failed', 'headers-not-found'],
  ])
})
