// Tests the queue of builds and load tests with a builder that has few places.

import { expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { publish } from '../../lib/publish/publish.ts'
import { probeBytes } from '../support/probe.ts'
import { createWorld, DRIVER_VERSION } from '../support/world.ts'

const MINUTE = 60_000
const keyOf = (i: number) => `driver/${DRIVER_VERSION}/x86_64/falco_debian_6.1.${i}-1-amd64_1.ko`

function worldOf(mode: Settings['loadTest']['mode'] = 'off', atOnce = 1) {
  const settings = {
    build: { ...DEFAULTS.build, atOnce },
    loadTest: { ...DEFAULTS.loadTest, mode },
    budgets: { ...DEFAULTS.budgets, unknownPerCallerPerDay: 100 },
  }
  const world = createWorld({ probe: probeBytes(), verdict: 'passed', settings })
  const ask = (...numbers: number[]) => Promise.all(numbers.map((i) => world.get(`/${keyOf(i)}`)))
  const running = () =>
    world.memory.inside.builds.filter(({ status }) => status === 'running').map(({ order }) => order.key)
  const started = () => world.memory.inside.builds.map(({ order }) => `${order.phase} ${order.key}`)
  return { ...world, ask, running, started }
}

test('thirty probes are all built, one after the other, in the order of their requests', async () => {
  const world = worldOf()
  const all = Array.from({ length: 30 }, (_, i) => i)
  for (const i of all) await world.ask(i)
  await world.plan()
  expect(world.running()).toEqual([keyOf(0)])
  await world.deliver()
  expect(world.started()).toEqual(all.map((i) => `build ${keyOf(i)}`))
  for (const i of all) expect(world.state(keyOf(i))).toMatchObject({ state: 'published', attempt: 1 })
})

test('as many builds run at one time as the builder has places', async () => {
  const world = worldOf('off', 3)
  await world.ask(1, 2, 3, 4, 5)
  await world.plan()
  expect(world.running()).toHaveLength(3)
})

test('a build with a waiting client starts before builds without one', async () => {
  const world = worldOf()
  await world.ask(1, 2, 3, 4)
  await world.plan()
  world.pass(20_000)
  await world.memory.index.waited(keyOf(4), claimOf(world, 4), world.memory.now())
  await world.deliver()
  expect(world.started().map((one) => one.slice(-15))).toEqual(
    [1, 4, 2, 3].map((i) => `build ${keyOf(i)}`.slice(-15)),
  )
})

test('the .json of a queued probe shows its position, and later the expected time', async () => {
  const world = worldOf()
  await world.ask(1, 2, 3)
  await world.plan()
  const told = async (i: number) => {
    const answer = await world.get(`/${keyOf(i)}.json`)
    return answer.tag === 'json' ? (answer.body as { queue?: unknown }).queue : undefined
  }
  expect(await told(1)).toBeUndefined()
  expect([await told(2), await told(3)]).toEqual([
    { position: 1, of: 2 },
    { position: 2, of: 2 },
  ])
  world.pass(8000)
  await world.end(keyOf(1))
  await world.plan()
  expect(await told(3)).toEqual({ position: 1, of: 1, expectedSeconds: 16 })
})

test('a build with a waiting client takes the place of a load test, which runs later', async () => {
  const world = worldOf('recorded')
  await world.ask(1)
  await world.plan()
  await world.end(keyOf(1))
  await world.plan()
  expect(world.started()).toEqual([`build ${keyOf(1)}`, `load-test ${keyOf(1)}`])
  await world.ask(2)
  await world.plan()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'published', spared: 1 })
  await world.deliver()
  expect(world.started().slice(2)).toEqual([
    `build ${keyOf(2)}`,
    `load-test ${keyOf(1)}`,
    `load-test ${keyOf(2)}`,
  ])
  for (const i of [1, 2])
    expect(world.state(keyOf(i))).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
})

test('a build without a waiting client does not stop a load test', async () => {
  const world = worldOf('recorded')
  await world.ask(1)
  await world.plan()
  await world.end(keyOf(1))
  await world.plan()
  await world.ask(2)
  world.pass(20_000)
  await world.plan()
  expect(world.running()).toEqual([keyOf(1)])
  await world.deliver()
  expect(world.state(keyOf(1))).not.toHaveProperty('spared')
})

test('a build that had no waiting client for half an hour is forgotten, and costs its caller nothing', async () => {
  const world = worldOf()
  await world.memory.places.take({ claim: 'another' }, world.memory.now() + 70 * MINUTE, 1)
  await world.ask(2)
  await world.plan()
  world.pass(3 * MINUTE)
  await world.sweep()
  await world.plan()
  expect(world.state(keyOf(2))).toMatchObject({ state: 'building' })
  for (let minutes = 3; minutes <= 33; minutes += 3) {
    world.pass(3 * MINUTE)
    await world.sweep()
    await world.plan()
  }
  expect(await world.memory.index.get(keyOf(2))).toBeUndefined()
  const spent = (limit: number) => world.memory.budgets.exhausted('requests/2026-11-23/203.0.113.1', limit)
  expect(await spent(1)).toBe(false)
})

test('a waiting client finds a turn whose event was lost', async () => {
  const world = worldOf()
  await world.ask(1, 2)
  await world.plan()
  world.lose('ProbeRequested')
  await world.end(keyOf(1))
  expect(world.running()).toEqual([])
  world.pass(6000)
  await world.waitFor(keyOf(2))
  await world.deliver()
  expect(world.state(keyOf(2))).toMatchObject({ state: 'published' })
})

test('the next build gets the turn if a stale index gives it to a build that failed', async () => {
  const world = worldOf()
  await world.ask(1, 2, 3)
  await world.plan()
  const late = await world.memory.index.open(100)
  await world.memory.index.fail(keyOf(2), claimOf(world, 2), {
    ...{ reason: 'no-room', detail: '', retryAt: 0, expiresAt: 0 },
  })
  const { publishPorts } = world
  const index = { ...publishPorts.index, open: async () => late }
  const { order } = world.memory.inside.builds[0]!
  await world.endUnheard(keyOf(1))
  await publish({ ...publishPorts, index }, { ...order, status: 'succeeded' })
  await world.plan()
  await world.plan()
  expect(world.running()).toEqual([keyOf(3)])
})

test('a plan that was not begun is requested again after five seconds, once for all waiting clients', async () => {
  const world = worldOf()
  world.lose('ProbeRequested')
  await world.ask(1)
  await world.deliver()
  expect(world.started()).toEqual([])
  await world.waitFor(keyOf(1))
  expect(world.memory.inside.events).toHaveLength(0)
  world.pass(5000)
  await Promise.all(Array.from({ length: 50 }, () => world.waitFor(keyOf(1))))
  expect(world.memory.inside.events).toHaveLength(1)
  await world.deliver()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'published' })
})

const UNTAKEN = { status: 'timed-out', brokeOff: { begun: false, neverBegan: true, why: 'busy' } } as const

test.each([
  ['as its event tells', 0],
  ['as the next sweep finds out', 1],
  ['as is found out at its deadline', 60],
])(
  'a build that no builder took, %s, is not a failure: the next request builds it, and no budget is spent',
  async (_, minutes) => {
    const world = worldOf()
    await world.ask(1)
    await world.plan()
    if (minutes === 0) await world.end(keyOf(1), UNTAKEN)
    else await unheard(world, minutes)
    world.pass(1000)
    expect(await world.memory.index.get(keyOf(1))).toBeUndefined()
    expect(await world.memory.budgets.exhausted('builds/2026-11-23', 1)).toBe(false)
    await world.ask(1)
    await world.deliver()
    expect(world.state(keyOf(1))).toMatchObject({ state: 'published' })
  },
)

/** The event that no builder took the build is lost. */
async function unheard(world: ReturnType<typeof worldOf>, minutes: number): Promise<void> {
  await world.endUnheard(keyOf(1), UNTAKEN)
  world.pass(minutes * MINUTE)
  await world.sweep()
  await world.plan()
}

test.each([
  ['as their events tell', 0],
  ['as sweeps find out', 1],
  ['as is found out at their deadlines', 60],
])('load tests that no builder took, %s, do not count as tests', async (_, minutes) => {
  const world = worldOf('required')
  await world.ask(1)
  await world.plan()
  await world.end(keyOf(1))
  for (let times = 0; times < 6; times += 1) {
    await world.plan()
    if (minutes === 0) await world.end(keyOf(1), UNTAKEN)
    else await unheard(world, minutes)
  }
  await world.deliver()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
})

test('a full builder makes the probe fail with no-room, is tried again later, and uses no build of the daily limit', async () => {
  const world = worldOf()
  world.busy(true)
  await world.ask(1)
  await world.deliver()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'failed', reason: 'no-room' })
  expect(await world.memory.budgets.exhausted('builds/2026-11-23', 1)).toBe(false)
  world.busy(false)
  world.pass(31_000)
  await world.ask(1)
  await world.deliver()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'published' })
})

test('a load test that a full builder refuses is requested again, and gets its verdict', async () => {
  const world = worldOf('required')
  await world.ask(1)
  await world.plan()
  world.busy(true)
  await world.end(keyOf(1))
  await world.deliver()
  expect(world.started()).toEqual([`build ${keyOf(1)}`])
  expect(world.state(keyOf(1))).toMatchObject({ state: 'building', test: 1 })
  world.busy(false)
  world.pass(2 * MINUTE)
  await world.sweep()
  await world.deliver()
  expect(world.state(keyOf(1))).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
})

function claimOf(world: ReturnType<typeof worldOf>, i: number): string {
  const state = world.state(keyOf(i))
  if (state === undefined || state.state === 'alias') throw new Error('not claimed')
  return state.id
}
