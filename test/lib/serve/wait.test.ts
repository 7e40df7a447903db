// Where a client that waits is sent: one row a state, and what the end of a hop and of the whole hold lead to.

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
/** What happens while it sleeps. */
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

describe('who waits for a probe', () => {
  test('that is absent is sent to its own URL, at once', async () => {
    expect(await waited()).toEqual({ tag: 'redirect', location: PATH })
    expect(polls).toBe(0)
  })

  test('whose build is past its deadline is sent to its own URL, which claims it again', async () => {
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

  test('gets its bytes as soon as it is published, and has given a sign of life until then', async () => {
    await world.get()
    meanwhile = () => world.deliver()
    expect(await waited()).toMatchObject({ location: expect.stringContaining('artifacts') })
    expect([polls, signs]).toEqual([1, [KEY]])
  })

  test('of a withdrawn one is sent to its own URL, which says why', async () => {
    await world.get()
    await world.deliver()
    const state = world.state() as Extract<ProbeState, { state: 'published' }>
    is({ ...state, withdrawn: { reason: 'it crashes', at: now() } })
    expect(await waited()).toEqual({ tag: 'redirect', location: PATH })
  })
})

describe('while it is being built', () => {
  beforeEach(() => void is(building()))

  test('a hop ends within its time, in one more hop until the same moment', async () => {
    const began = now()
    const until = began + hold().totalSeconds * 1000
    expect(await waited(until)).toEqual({
      tag: 'redirect',
      location: waitPath(subjectOf(parseProbe(PATH).probe), until),
    })
    expect(now() - began).toBeLessThanOrEqual(hold().hopSeconds * 1000)
    expect(polls).toBeGreaterThan(1)
  })

  test('the last hop ends in 503, to be asked again', async () => {
    expect(await waited(now() + hold().pollSeconds * 2000)).toMatchObject({
      problem: { status: 503, code: 'being-built', retryAfter: 5 },
    })
  })

  test('nobody is held for longer than the registry holds, whatever is asked for', async () => {
    const until = now() + hold().totalSeconds * 1000
    expect(await waited(until * 2)).toMatchObject({ location: expect.stringContaining(`until=${until}`) })
  })

  test('who has no time left is held in no place', async () => {
    expect(await waited(now())).toMatchObject({ problem: { status: 503 } })
    expect(world.calls.filter((call) => call.startsWith('holds.'))).toEqual([])
  })
})
