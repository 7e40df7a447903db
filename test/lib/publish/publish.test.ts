import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import type { Settings } from '../../../lib/model/settings.ts'
import { publish } from '../../../lib/publish/publish.ts'
import type { Problem } from '../../../lib/serve/answer.ts'
import { probeBytes } from '../../support/probe.ts'
import { submissionOf } from '../../support/submissions.ts'
import { createWorld, DRIVER_VERSION, KEY, type WorldOptions } from '../../support/world.ts'

const MINUTE = 60_000
const NO_IMAGE = { verdict: 'unavailable', reason: 'there is no image of this kernel' }

const mode = (mode: Settings['loadTest']['mode']): Partial<Settings> => ({
  loadTest: { ...DEFAULTS.loadTest, mode },
})

type World = ReturnType<typeof createWorld>

/** Runs from the first GET to the end of everything that it started. */
async function run(
  settings: Partial<Settings>,
  verdict?: WorldOptions['verdict'],
  more: Partial<WorldOptions> = {},
) {
  const world = createWorld({ probe: probeBytes(), verdict, settings, ...more })
  await world.get()
  await world.deliver()
  return { world, state: world.state(), phases: world.memory.inside.builds.map(({ order }) => order.phase) }
}

/** Lets the deadlines pass and sweeps. */
async function late(world: World): Promise<void> {
  world.pass(20 * MINUTE)
  await world.sweep()
  await world.deliver()
}

/** The statements in the signatures of a world's artifacts. */
const statements = ({ memory }: ReturnType<typeof createWorld>) =>
  [...memory.inside.objects.artifacts]
    .filter(([key]) => key.endsWith('.asc'))
    .map(([, { body }]) => Buffer.from(body).toString().split(' ').slice(3))

describe('a signature', () => {
  const OF_THE_DISTRIBUTION = [
    '!statement=1',
    '!driver-name=falco',
    '!driver-version=1.2.3+driver',
    '!kind=kmod',
    '!arch=x86_64',
    '!uname-release=6.1.0-1-amd64',
    '!target=debian',
    '!kernel-release=6.1.1-1-amd64',
    '!kernel-version=1',
  ]

  test('states all inputs of the bytes, including the compiler', async () => {
    const { world } = await run({})
    const [statement = []] = statements(world)
    expect(statement.filter((part) => part.startsWith('!'))).toEqual(OF_THE_DISTRIBUTION)
    expect(statement.map((part) => part.replace(/=.*/, ''))).toEqual(
      expect.arrayContaining(['driver-source', 'kernel-input', 'compiler']),
    )
  })

  test('of a submitted kernel states each thing that was submitted', async () => {
    const drivers = [{ ...DEFAULTS.drivers[0]!, match: '.*', names: ['falco' as const] }]
    const world = createWorld({ probe: probeBytes(), settings: { drivers } })
    const more = {
      procVersion: 'Linux version 6.1\n',
      symvers: Buffer.from('0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n'),
    }
    await world.submit(submissionOf({}, { ...more, driverVersions: [DRIVER_VERSION] }))
    await world.deliver()
    const [statement = []] = statements(world)
    expect(statement.filter((part) => /^!(config|symvers|proc|kernel-h|header|force)/.test(part))).toEqual([
      expect.stringMatching(/^!config-sha256=[0-9a-f]{64}$/),
      `!symvers-sha256=${sha256(more.symvers)}`,
      `!proc-version-sha256=${sha256('Linux version 6.1')}`,
    ])
  })
})

describe('a build that fails because of the tools of the registry', () => {
  const broken = async () => {
    const world = createWorld({ probe: undefined, failure: { stage: 'compile', cause: 'tools' } })
    await world.get()
    await world.deliver()
    return world
  }

  test('names the tools as the cause, and never the driver', async () => {
    const { problem } = (await (await broken()).get()) as { problem: Problem }
    expect(problem).toMatchObject({ status: 404, code: 'build-broken' })
    expect(problem.detail).toContain('own tools failed, not the driver. There is nothing to do')
    expect(problem.detail).toContain(`the next request after ${problem.more?.retryAt} builds it again`)
    expect(problem.detail).toContain('an alarm notifies the operator')
    expect(problem.detail).not.toContain('does not compile')
  })

  test('is retried after half a minute', async () => {
    const world = await broken()
    world.pass(30_000)
    await world.get()
    expect(world.state()).toMatchObject({ state: 'building', attempt: 2 })
  })

  test('is logged with the event that its alarm reads', async () => {
    const { memory } = await broken()
    const told = memory.inside.log.find(({ event }) => event === 'build failed')
    expect(told?.fields).toMatchObject({ key: KEY, reason: 'build-broken' })
  })
})

test('a publication is logged with the seconds since the claim', async () => {
  const world = createWorld({ probe: probeBytes() })
  await world.get()
  world.pass(31_000)
  await world.deliver()
  const { log } = world.memory.inside
  expect(log.find(({ event }) => event === 'published')?.fields).toMatchObject({ key: KEY, seconds: 31 })
})

test('a publication is logged once if its event and the sweep arrive at the same time', async () => {
  const world = createWorld({ probe: probeBytes() })
  await world.get()
  await world.plan()
  const end = await world.endUnheard()
  const both = [end, end].map((one) => publish(world.publishPorts, one))
  expect((await Promise.all(both)).sort()).toEqual(['claim-lost', 'published'])
  const told = world.memory.inside.log.map(({ event }) => event)
  expect(told.filter((event) => event.startsWith('published'))).toEqual(['published', 'published before'])
})

describe('a load test that is required', () => {
  test('runs before the probe is published, and its verdict is in the state', async () => {
    const { world, state, phases } = await run(mode('required'), 'passed')
    expect(phases).toEqual(['build', 'load-test'])
    expect(state).toMatchObject({ state: 'published', loadTest: { verdict: 'passed', checked: ['insmod'] } })
    const calls = world.calls.filter((call) => call === 'index.publish' || call === 'builder.start')
    expect(calls).toEqual(['builder.start', 'builder.start', 'index.publish'])
  })

  test('prevents the publication of a probe that its kernel does not load', async () => {
    const { world, state } = await run(mode('required'), 'failed')
    expect(state).toMatchObject({ state: 'failed', reason: 'load-test' })
    expect(state).toMatchObject({ detail: expect.stringContaining('scap: loaded') })
    expect([...world.memory.inside.objects.artifacts.keys()].every((key) => key.endsWith('.log'))).toBe(true)
    expect(await world.get()).toMatchObject({ problem: { status: 404, code: 'load-test' } })
  })

  test('fails if the staged bytes were replaced after its start', async () => {
    const world = createWorld({ probe: probeBytes(), verdict: 'passed', settings: mode('required') })
    const { staging } = world.memory.inside.objects
    world.onCall((call) => {
      const key = [...staging.keys()].find((name) => name.endsWith('/probe'))
      const tested = world.memory.inside.builds.some(({ order }) => order.phase === 'load-test')
      if (call === 'staging.get' && tested && key !== undefined)
        staging.set(key, { body: probeBytes(['name=falco']), meta: { contentType: '', sha256: '' } })
    })
    await world.get()
    await world.deliver()
    expect(world.state()).toMatchObject({ state: 'failed', reason: 'load-test' })
  })

  test('without a verdict runs three times, and its probe is not published', async () => {
    const { world, state, phases } = await run(mode('required'), undefined)
    expect(phases).toEqual(['build', 'load-test', 'load-test', 'load-test'])
    expect(state).toMatchObject({
      state: 'failed',
      reason: 'build-broken',
      detail: expect.stringMatching(
        /load test broke off 3 times: the load test left no verdict\. The operator/,
      ),
    })
    expect([...world.memory.inside.objects.artifacts.keys()].every((key) => key.endsWith('.log'))).toBe(true)
    expect(await world.get()).toMatchObject({ problem: { status: 404, code: 'build-broken' } })
  })

  test('that broke off is repeated, and its verdict decides', async () => {
    for (const verdict of ['passed', 'failed'] as const) {
      const { state } = await run(mode('required'), (test) => (test === 3 ? verdict : undefined))
      expect(state?.state).toBe(verdict === 'passed' ? 'published' : 'failed')
    }
  })

  test('is skipped if the kernel has no image, and the state names the reason', async () => {
    const { state, phases } = await run(mode('required'), undefined, { image: undefined })
    expect(phases).toEqual(['build'])
    expect(state).toMatchObject({ state: 'published', loadTest: NO_IMAGE })
  })

  test('is not skipped if the mirror is unreachable, forges an image or withholds one from a signed list', async () => {
    for (const code of ['mirror-unreachable', 'digest-mismatch', 'not-found'] as const) {
      const noImage = new ProbeError(code, 'the image cannot be had')
      const { world } = await run(mode('required'), 'passed', { noImage })
      for (let tests = 0; tests < 4; tests += 1) await late(world)
      expect(world.state()).toMatchObject({
        state: 'failed',
        reason: 'build-broken',
        detail: expect.stringContaining('load test broke off 3 times: ProbeError: the image cannot be had'),
      })
    }
  })

  test('ignores late or repeated events of a test that does not run', async () => {
    const world = createWorld({ probe: probeBytes(), settings: mode('required') })
    await world.get()
    await world.deliver()
    const builds = world.memory.inside.builds.length
    const { claim } = world.memory.inside.builds[0]!.order
    const end = { key: KEY, claim, phase: 'load-test', status: 'failed' } as const
    for (const test of [1, 2, 3]) await publish(world.publishPorts, { ...end, test })
    expect(world.memory.inside.builds).toHaveLength(builds)
  })

  test('runs once, even if the end of the build is reported several times', async () => {
    const world = createWorld({ probe: probeBytes(), verdict: 'passed', settings: mode('required') })
    await world.get()
    await world.deliver(3)
    expect(world.memory.inside.builds).toHaveLength(2)
    expect(world.state()).toMatchObject({ state: 'published', attempt: 1 })
  })
})

describe('a load test that is recorded', () => {
  test('ends without a verdict if the mirror has lost the image', async () => {
    const noImage = new ProbeError('not-found', 'http://mirror.invalid/linux-image answers 404')
    const { state, phases } = await run(mode('recorded'), undefined, { noImage })
    expect(phases).toEqual(['build', 'load-test'])
    expect(state).toMatchObject({ state: 'published', loadTest: NO_IMAGE })
  })

  test('does not delay the publication, and adds its verdict later', async () => {
    const { world, state } = await run(mode('recorded'), 'failed')
    expect(state).toMatchObject({ state: 'published', loadTest: { verdict: 'failed' } })
    const calls = world.calls.filter((call) => call === 'index.publish' || call === 'builder.start')
    expect(calls).toEqual(['builder.start', 'index.publish', 'builder.start'])
  })

  test('is repeated by the sweep if its event was lost', async () => {
    const world = createWorld({ probe: probeBytes(), verdict: 'passed', settings: mode('recorded') })
    await world.get()
    await world.plan()
    world.onCall((call) => {
      if (call === 'bus.emit') throw new Error('the bus is away')
    })
    await world.deliver()
    world.onCall(() => undefined)
    expect(world.state()).toMatchObject({ state: 'published', test: 1 })
    expect(world.state()).not.toHaveProperty('loadTest')
    await late(world)
    expect(world.state()).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
    expect(world.state()).not.toHaveProperty('test')
  })

  test('that broke off is repeated, and after three tries its verdict stays unavailable', async () => {
    const { world, state, phases } = await run(mode('recorded'), undefined)
    expect(phases).toEqual(['build', 'load-test', 'load-test', 'load-test'])
    expect(state).toMatchObject({
      state: 'published',
      loadTest: {
        verdict: 'unavailable',
        reason: 'the load test broke off 3 times: the load test left no verdict',
      },
    })
    await late(world)
    expect(world.memory.inside.builds).toHaveLength(4)
  })

  test('that broke off once has the verdict of the next try', async () => {
    const { state } = await run(mode('recorded'), (test) => (test === 2 ? 'passed' : undefined))
    expect(state).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
  })
})

test('a load test never runs in the mode off', async () => {
  const { state, phases } = await run(mode('off'), 'passed')
  expect(phases).toEqual(['build'])
  expect(state).toMatchObject({ state: 'published' })
  expect(state).not.toHaveProperty('loadTest')
})
