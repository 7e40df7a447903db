// Tests that a probe's own URL names the reason of each failure, and the next step.

import { describe, expect, test } from 'vitest'
import { buildEndOf } from '../../functions/runtime/events.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import { PLAN_MILLISECONDS } from '../../lib/model/retry.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { publish } from '../../lib/publish/publish.ts'
import type { Answer } from '../../lib/serve/answer.ts'
import { probeBytes } from '../support/probe.ts'
import { createWorld, KEY, PATH } from '../support/world.ts'

const HOUR = 3_600_000
/** Past the deadline of a claim without a build, before it is forgotten. */
const PLANNED = PLAN_MILLISECONDS + 1000
const probe = probeBytes()
const REQUIRED = { loadTest: { ...DEFAULTS.loadTest, mode: 'required' as const } }

type World = ReturnType<typeof createWorld>

/** Returns the answer of the probe's URL, and checks that its `.json` answers the same. */
async function told(
  world: World,
  expected = 404,
): Promise<{ readonly code: string; readonly detail: string }> {
  const answer: Answer = await world.get()
  if (answer.tag !== 'problem') throw new Error(`${PATH} answers ${answer.tag}`)
  const { status, code, detail, retryAfter } = answer.problem
  expect(status).toBe(expected)
  expect(retryAfter).toBeGreaterThan(0)
  const beside = await world.get(`${PATH}.json`)
  expect(beside).toMatchObject({ tag: 'json', body: { state: 'failed', reason: code, detail } })
  return { code, detail }
}

/** Each call of that name fails while events are delivered. */
function broken(call: string, settings: Partial<Settings> = {}) {
  const world = createWorld({ probe, verdict: 'passed', settings })
  let on = false
  world.onCall((name, when) => {
    if (on && name === call && when === 'before') throw new Error(`${call} is out of order`)
  })
  const deliver = async () => {
    on = true
    await world.deliver()
    on = false
  }
  const sweep = async (after = 2 * HOUR) => {
    world.pass(after)
    await world.sweep()
    await deliver()
  }
  return { world, deliver, sweep }
}

describe('a plan that breaks off', () => {
  test.each([
    'plan.kernel',
    'plan.driver',
    'plan.ensureInput',
    'budgets.spend',
    'builder.start',
    'index.started',
  ])('at %s is reported after its event was delivered twice', async (call) => {
    const { world, deliver } = broken(call)
    await world.get()
    await deliver()
    const { code, detail } = await told(world)
    expect(code).toBe('plan-error')
    expect(detail).toContain(`Error: ${call} is out of order. The log of the function plan`)
    expect(detail).toMatch(/^falco_debian_6\.1\.1-1-amd64_1\.ko of driver 1\.2\.3\+driver: /)
  })

  test('by a refusal of its own is reported at once', async () => {
    const world = createWorld({ probe })
    world.onCall((call, when) => {
      if (call === 'plan.kernel' && when === 'before')
        throw new ProbeError('mirror-unreachable', 'the mirror is away')
    })
    await world.get()
    await world.deliver()
    expect(await told(world, 503)).toMatchObject({
      code: 'mirror-unreachable',
      detail: expect.stringMatching(/the mirror is away\. A request after 2026-\S+Z tries again$/),
    })
  })

  test('and cannot record the reason is reported by the sweep', async () => {
    const { world, deliver, sweep } = broken('staging.create')
    await world.get()
    await deliver()
    await sweep(PLANNED)
    expect(await told(world)).toMatchObject({
      code: 'plan-error',
      detail: expect.stringMatching(
        /did not get to it within 120 s.*Ask again after .*log of the function plan/,
      ),
    })
  })

  test('because its event is lost is reported by the sweep', async () => {
    const { world, sweep } = broken('none')
    await world.get()
    world.memory.inside.events.pop()
    await sweep(PLANNED)
    expect((await told(world)).detail).toContain('did not get to it within 120 s')
  })

  test('and dies after the first time is reported by the sweep, with the recorded reason', async () => {
    const { world, deliver, sweep } = broken('plan.driver')
    let times = 0
    world.onCall((call, when) => {
      if (call === 'plan.driver' && when === 'before')
        throw new Error('https://x.invalid/?key=secret refuses 123456789012')
      if (call === 'index.fail' && times < 2) {
        times += 1
        throw new Error('no write')
      }
    })
    await world.get()
    await deliver()
    await sweep(PLANNED)
    const { detail } = await told(world)
    expect(detail).toContain('Error: https://x.invalid/?... refuses ...')
    expect(detail).not.toMatch(/secret|123456789012/)
  })
})

describe('a build', () => {
  const phases = (type: string, context: string[]) => [
    { 'phase-type': 'SUBMITTED', 'phase-status': 'SUCCEEDED' },
    { 'phase-type': type, 'phase-status': 'FAILED', 'phase-context': context },
    { 'phase-type': 'COMPLETED', 'phase-context': [] },
  ]
  /** Publishes the end of the only build as CodeBuild reports it. */
  async function ends(world: World, told: ReturnType<typeof phases>): Promise<void> {
    const [build] = world.memory.inside.builds
    const { key, claim, phase } = build!.order
    const variables = { PROBE_KEY: key, CLAIM: claim, PHASE: phase }
    const end = buildEndOf({
      'detail-type': 'CodeBuild Build State Change',
      detail: {
        'build-status': 'FAILED',
        'additional-information': {
          environment: {
            'environment-variables': Object.entries(variables).map(([name, value]) => ({ name, value })),
          },
          phases: told,
        },
      },
    })
    await publish(world.publishPorts, end)
  }
  const started = async () => {
    const world = createWorld({ probe })
    world.onCall((call) => {
      if (call === 'builder.start') world.onCall(() => undefined)
    })
    await world.get()
    await world.plan()
    return world
  }

  test.each([
    ['QUEUED', 'this machine is x86_64, but the settings run such builds on aarch64: set build.machines'],
    ['PROVISIONING', 'CANNOT_PULL_CONTAINER_ERROR: no such image'],
  ])(
    'that could not begin (%s) reports the reason, and the next request does not start it',
    async (type, why) => {
      const world = await started()
      await ends(world, phases(type, [why]))
      const { code, detail } = await told(world)
      expect(code).toBe('build-broken')
      expect(detail).toContain(
        `no build could start. The builder reported: ${why}. The operator must fix this`,
      )
    },
  )

  test('that ends before the index has its start is not reported as a failed plan', async () => {
    const world = createWorld({ probe })
    await world.get()
    world.onCall((call, when) => {
      if (call === 'index.started' && when === 'before') throw new Error('later')
    })
    await world.plan().catch(() => undefined)
    world.onCall(() => undefined)
    expect(world.state()).not.toHaveProperty('buildId')
    await ends(world, phases('QUEUED', ['no machine']))
    expect((await told(world)).detail).toContain('The builder reported: no machine.')
  })

  test('that was cut off reports the reason of the builder', async () => {
    const world = await started()
    await ends(world, phases('BUILD', ['COMMAND_EXECUTION_ERROR: exit status 137', ': ']))
    expect(world.state()).toMatchObject({
      state: 'failed',
      reason: 'build-lost',
      detail: expect.stringContaining(
        'The builder reported: COMMAND_EXECUTION_ERROR: exit status 137. The next request',
      ),
    })
  })
})

describe('publishing that breaks off', () => {
  test.each(['artifacts.create', 'signer.sign', 'index.publish', 'staging.get', 'builder.look'])(
    'at %s is reported after the deadline of the claim',
    async (call) => {
      const { world, deliver, sweep } = broken(call)
      await world.get()
      if (call === 'builder.look') {
        await world.plan()
      } else await deliver()
      await sweep()
      const { code, detail } = await told(world)
      expect(code).toBe('build-broken')
      expect(detail).toContain(
        `failed to publish it: Error: ${call} is out of order. The operator must fix this`,
      )
      expect(detail).toMatch(/the next request after 2026-\S+ builds it again$/)
    },
  )

  test('after the probe is published does not change its state', async () => {
    const { world, deliver, sweep } = broken('cache.keep')
    await world.get()
    await deliver()
    await sweep()
    expect(world.state()).toMatchObject({ state: 'published' })
  })
})

describe('a load test that is required', () => {
  test('and cannot be started three times is reported', async () => {
    const { world, deliver, sweep } = broken('none', REQUIRED)
    let builds = 0
    world.onCall((call, when) => {
      if (call !== 'builder.start' || when !== 'before') return
      builds += 1
      if (builds > 1) throw new Error('no such project')
    })
    await world.get()
    await deliver()
    for (let tests = 0; tests < 3; tests += 1) await sweep()
    const { code, detail } = await told(world)
    expect(code).toBe('build-broken')
    expect(detail).toContain('the load test broke off 3 times: Error: no such project. The operator must')
    expect(world.state(KEY)).toMatchObject({ state: 'failed' })
  })
})
