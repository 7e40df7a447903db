// Tests the start of a build: one test for each answer of its ports.

import { beforeEach, describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { stagingKeys } from '../../../lib/model/keys.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, PATH, type WorldOptions } from '../../support/world.ts'

let world: ReturnType<typeof createWorld>
const begin = async (settings: WorldOptions['settings'] = {}) => {
  world = createWorld({ probe: probeBytes(), settings })
  await world.get()
}
const claimOf = () => (world.state() as { id: string }).id
const started = () => world.memory.inside.builds.map(({ order }) => order)

describe('a build that is started', () => {
  beforeEach(() => begin())

  test('is recorded with its id', async () => {
    await world.plan()
    const [{ id } = { id: '' }] = world.memory.inside.builds
    expect(world.state()).toMatchObject({ state: 'building', buildId: id })
  })

  test('stores its plan, its job and the first lines of its log, and the builder gets the digest of the job', async () => {
    await world.plan()
    const keys = stagingKeys(claimOf())
    const objects = world.memory.inside.objects.staging
    const text = (key: string) => new TextDecoder().decode(objects.get(key)?.body)
    expect([...objects.keys()].sort()).toEqual([keys.job, keys.log, keys.plan].sort())
    expect(objects.get(keys.job)?.meta.sha256).toBe(started()[0]?.jobSha256)
    expect(text(keys.log)).toMatch(/^falco_debian_\S+: build 1 for kernel 6\.1\.0-1-amd64 with gcc-12\n/)
  })

  test.each(['staging.create', 'builder.start', 'index.started'])(
    'is the same build after a retry if its plan broke off after %s',
    async (name) => {
      let isFirst = true
      world.onCall((call, when) => {
        if (call !== name || when === 'before' || !isFirst) return
        isFirst = false
        throw new Error('cut off')
      })
      await expect(world.plan()).rejects.toThrow('cut off')
      const [event] = world.memory.inside.events
      world.memory.inside.events.push({ ...event! })
      world.pass(1000)
      await world.plan()
      expect(started()).toHaveLength(1)
      expect(world.state()).toMatchObject({ state: 'building', buildId: world.memory.inside.builds[0]?.id })
    },
  )
})

describe('a build that is not started', () => {
  const { budgets, build } = DEFAULTS
  /** Other callers use this number of builds of the daily limit. */
  const spent = (units: number) =>
    world.memory.budgets.spend('builds/2026-11-23', 'others', budgets.buildsPerDay, units)

  test('because the daily build limit is reached has the reason budget-spent', async () => {
    await begin()
    await spent(budgets.buildsPerDay)
    await world.plan()
    expect([world.state(), started()]).toMatchObject([
      { state: 'failed', reason: 'budget-spent', detail: expect.stringMatching(/^all 500 builds of today/) },
      [],
    ])
  })

  test('because its caller used its share has the reason budget-spent, and mentions the other callers', async () => {
    const few = { ...budgets, fewBuildsPerCaller: 1 }
    await begin({ budgets: few })
    await world.plan()
    const next = PATH.replace('6.1.1-1', '6.1.1-2')
    await world.get(next)
    await spent(budgets.buildsPerDay / 2)
    await world.plan()
    expect([world.state(next.slice(1)), started().length]).toMatchObject([
      { state: 'failed', reason: 'budget-spent', detail: expect.stringMatching(/is kept for callers/) },
      1,
    ])
  })

  test('because all places are taken waits in the queue, and stores nothing', async () => {
    await begin()
    const { places } = world.memory
    const until = world.resolvePorts.now() + 60_000
    for (let i = 0; i < build.atOnce; i += 1) await places.take({ claim: `other-${i}` }, until, build.atOnce)
    await world.plan()
    expect(world.state()).toMatchObject({ state: 'building', queuedAt: world.resolvePorts.now() })
    expect([started(), world.memory.inside.objects.staging.size]).toEqual([[], 0])
  })
})
