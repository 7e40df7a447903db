// Tests the answer to a long poll in each state of the probe, at the end of a hop and at the end of the complete wait.

import { beforeEach, describe, expect, test } from 'vitest'
import type { ProbeState } from '../../../lib/model/probe.ts'
import { parseProbe } from '../../../lib/names/grammar.ts'
import { subjectOf } from '../../../lib/names/subject.ts'
import { wait, waitPath } from '../../../lib/serve/wait.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

let world: ReturnType<typeof createWorld>
let now: () => number
let polls: number
let signs: string[]
/** Runs during a sleep of the long poll. */
let meanwhile: () => Promise<unknown>

beforeEach(() => {
  world = createWorld({ probe: probeBytes() })
  now = world.resolvePorts.now
  polls = 0
  signs = []
  meanwhile = async () => undefined
})

const waited = (until?: number) =>
  wait(
    {
      ...world.resolvePorts,
      polled: world.resolvePorts.index,
      holds: world.holds,
      elapsed: now,
      sign: async (key) => void signs.push(key),
      sleep: async (milliseconds) => {
        polls += 1
        world.pass(milliseconds)
        await meanwhile()
      },
    },
    { method: 'GET', path: `/wait${PATH}`, caller: '203.0.113.1', until: until?.toString() },
  )
const hold = () => world.resolvePorts.settings.hold
const is = (state: ProbeState) => world.memory.inside.states.set(KEY, state)
const claim = { id: 'c', attempt: 1 }
const building = (): ProbeState => ({
  ...claim,
  state: 'building',
  claimedAt: now(),
  deadline: now() + 600_000,
})

describe('a client that waits for a probe', () => {
  test('that is absent is redirected to the URL of the probe at once', async () => {
    expect(await waited()).toEqual({ tag: 'redirect', location: PATH })
    expect(polls).toBe(0)
  })

  test('is redirected to the URL of the probe if the build is past its deadline', async () => {
    is({ ...building(), deadline: now() - 1 } as ProbeState)
    expect(await waited()).toEqual({ tag: 'redirect', location: PATH })
  })

  test.each([
    ['that failed is told why', 5000, { problem: { status: 404, code: 'compile-error' } }],
    ['that failed and is due is sent to its own URL', 0, { tag: 'redirect', location: PATH }],
  ])('%s', async (_, later, answer) => {
    const failure = { reason: 'compile-error', detail: 'no', retryAt: now() + later } as const
    is({ ...claim, state: 'failed', ...failure })
    expect(await waited()).toMatchObject(answer)
    expect(polls).toBe(0)
  })

  test('gets the bytes at the publication, and signs of its waiting are recorded until then', async () => {
    await world.get()
    meanwhile = () => world.deliver()
    expect(await waited()).toMatchObject({ location: expect.stringContaining('artifacts') })
    expect([polls, signs]).toEqual([1, [KEY]])
  })

  test('that was withdrawn is redirected to the URL of the probe', async () => {
    await world.get()
    await world.deliver()
    const state = world.state() as Extract<ProbeState, { state: 'published' }>
    is({ ...state, withdrawn: { reason: 'it crashes', at: now() } })
    expect(await waited()).toEqual({ tag: 'redirect', location: PATH })
  })
})

describe('while it is being built', () => {
  beforeEach(() => void is(building()))

  test('a hop ends within its time with a redirect to the next hop, until the same moment', async () => {
    const began = now()
    const until = began + hold().totalSeconds * 1000
    expect(await waited(until)).toEqual({
      tag: 'redirect',
      location: waitPath(subjectOf(parseProbe(PATH).probe), until),
    })
    expect(now() - began).toBeLessThanOrEqual(hold().hopSeconds * 1000)
    expect(polls).toBeGreaterThan(1)
  })

  test('the last hop ends with 503 and a time to retry', async () => {
    expect(await waited(now() + hold().pollSeconds * 2000)).toMatchObject({
      problem: { status: 503, code: 'being-built', retryAfter: 5 },
    })
  })

  test('a client cannot wait longer than the limit of the registry', async () => {
    const until = now() + hold().totalSeconds * 1000
    expect(await waited(until * 2)).toMatchObject({ location: expect.stringContaining(`until=${until}`) })
  })

  test('a client without time left takes no place', async () => {
    expect(await waited(now())).toMatchObject({ problem: { status: 503 } })
    expect(world.calls.filter((call) => call.startsWith('holds.'))).toEqual([])
  })
})
