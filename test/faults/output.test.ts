// Tests the output of `npm start`.

import { beforeAll, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import { probePath } from '../support/registry/probes.ts'
import { curl, type Registry } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const here = stand({ args: ['--json'] })
let registry: Registry
beforeAll(async () => {
  registry = await here.start()
})

const steps = (): { key: string; step: string; detail?: string; seconds?: number; waiting: number }[] =>
  registry
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

test('prints the folders of state and logs, and one line for each step of a probe', async () => {
  expect(registry.output()).toMatch(/^state: \S+data, logs: \S+data\/logs, free space: \d+\.\d GB$/m)
  const { release } = pinned('6.1', 'amd64')
  expect(await here.get(probePath(release))).toMatchObject({ code: 0 })
  expect(await curl(['-sSL', '-o', '/dev/null', registry.url + probePath('6.1.9999-1-amd64')])).toMatchObject(
    {
      code: 0,
    },
  )
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
