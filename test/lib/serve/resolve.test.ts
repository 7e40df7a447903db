// Tests the answer to a GET of a probe in each state, and whether it starts a build.

import { beforeEach, describe, expect, test } from 'vitest'
import type { ProbeState } from '../../../lib/model/probe.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, DRIVER_VERSION, KEY, PATH } from '../../support/world.ts'

let world: ReturnType<typeof createWorld>
let now: number
beforeEach(() => {
  world = createWorld({ probe: undefined })
  now = world.resolvePorts.now()
})

/** The number of requested builds. */
const asked = () => world.memory.inside.events.filter(({ type }) => type === 'ProbeRequested').length
const is = (state: ProbeState, key = KEY) => world.memory.inside.states.set(key, state)

const claim = { id: 'c', attempt: 1 }
const building = (deadline: number): ProbeState => ({ ...claim, state: 'building', claimedAt: now, deadline })
const failed = (retryAt: number): ProbeState => ({
  ...claim,
  state: 'failed',
  reason: 'compile-error',
  detail: 'it does not compile',
  retryAt,
})
const waits = { tag: 'redirect', location: expect.stringContaining(`/wait${PATH}?until=`) }

describe('a probe', () => {
  test('that is absent is requested, and its client waits', async () => {
    expect(await world.get()).toMatchObject(waits)
    expect([asked(), world.state()]).toEqual([1, expect.objectContaining({ state: 'building', attempt: 1 })])
  })

  test('that is being built makes its client wait, and is not requested again', async () => {
    is(building(now + 1000))
    expect(await world.get()).toMatchObject(waits)
    expect(asked()).toBe(0)
  })

  test('is requested again if its build is past its deadline', async () => {
    is(building(now - 1))
    expect(await world.get()).toMatchObject(waits)
    expect([asked(), world.state()]).toEqual([1, expect.objectContaining({ attempt: 2 })])
  })

  test('that failed answers with the reason until its next try is due', async () => {
    is(failed(now + 5000))
    expect(await world.get()).toMatchObject({
      problem: { status: 404, code: 'compile-error', detail: 'it does not compile', retryAfter: 5 },
    })
    expect(asked()).toBe(0)
    world.pass(5000)
    expect(await world.get()).toMatchObject(waits)
    expect(asked()).toBe(1)
  })
})

describe('a probe that is published', () => {
  beforeEach(async () => {
    world = createWorld({ probe: probeBytes() })
    await world.get()
    await world.deliver()
  })

  test('redirects to its bytes, and is not requested again', async () => {
    expect(await world.get()).toEqual({ tag: 'redirect', location: expect.stringContaining(`artifacts`) })
    expect(asked()).toBe(1)
  })

  test('is refused with the reason after it was withdrawn', async () => {
    const state = world.state() as Extract<ProbeState, { state: 'published' }>
    is({ ...state, withdrawn: { reason: 'it crashes', at: now } })
    await expect(world.get()).rejects.toMatchObject({
      code: 'withdrawn',
      message: expect.stringContaining('it crashes'),
    })
  })

  test('is found by an older name of its kernel, and the answer has its canonical name', async () => {
    const older = PATH.replace('6.1.1-1', '6.1.1-0')
    is({ ...claim, state: 'alias', of: KEY }, older.slice(1))
    expect(await world.get(older)).toEqual({
      tag: 'redirect',
      location: expect.stringContaining(KEY),
      canonical: PATH,
    })
  })
})

describe('a request', () => {
  test('by HEAD starts no build', async () => {
    expect(await world.get(PATH, { method: 'HEAD' })).toMatchObject({
      problem: { status: 404, code: 'not-built' },
    })
    expect([asked(), world.state()]).toEqual([0, undefined])
  })

  test.each([
    ['by another method', PATH, 'POST', 'method-not-allowed'],
    ['for what is no name', '/driver/x', 'GET', 'malformed'],
    ['for a name that leads to a name', PATH.replace('6.1.1-1', '6.1.1-0'), 'GET', 'misconfigured'],
  ])('%s starts no build', async (_, path, method, code) => {
    is({ ...claim, state: 'alias', of: KEY }, KEY)
    is({ ...claim, state: 'alias', of: KEY }, KEY.replace('6.1.1-1', '6.1.1-0'))
    await expect(world.get(path, { method })).rejects.toMatchObject({ code })
    expect(asked()).toBe(0)
  })

  test('for a driver version that was revoked is refused before anything is read', async () => {
    world = createWorld({ probe: undefined, settings: { revoked: [DRIVER_VERSION] } })
    await expect(world.get()).rejects.toMatchObject({ code: 'revoked' })
    expect(world.calls).toEqual([])
  })
})
