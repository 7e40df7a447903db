// What a plan makes of each state; and of one that a mirror keeps from being made nothing is decided, and it is made soon.

import { describe, expect, test } from 'vitest'
import { type ErrorCode, ProbeError } from '../../../lib/model/errors.ts'
import type { RegistryEvent } from '../../../lib/model/events.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

test('a mirror that is away decides nothing: 503 at once, and built once it is back', async () => {
  let away = true
  const here = createWorld({
    probe: probeBytes(),
    today: (kernelRelease) => {
      if (away) throw new ProbeError('mirror-unreachable', 'http://mirror.invalid/InRelease answers 502')
      return kernelRelease
    },
  })
  await here.get()
  await here.deliver()
  expect(here.state()).toMatchObject({ state: 'failed', reason: 'mirror-unreachable' })
  expect(await here.get()).toMatchObject({
    problem: {
      status: 503,
      code: 'mirror-unreachable',
      detail:
        'falco_debian_6.1.1-1-amd64_1.ko of driver 1.2.3+driver waits for a mirror: http://mirror.invalid/InRelease answers 502. A request after 2026-11-23T12:00:30.000Z tries again',
      retryAfter: 30,
    },
  })
  away = false
  here.pass(30_000)
  await here.get()
  await here.deliver()
  expect(here.memory.inside.states.get(KEY)).toMatchObject({ state: 'published' })
  expect(await here.get(PATH)).toMatchObject({ tag: 'redirect' })
})

/** The state after the plan of what was asked for, and how many builds were started. */
async function planned(world: ReturnType<typeof createWorld>) {
  await world.plan()
  return [world.state()?.state, world.memory.inside.builds.length]
}

describe('the plan of a probe', () => {
  test('that is claimed starts its build, and only one, however often the event comes', async () => {
    const world = createWorld({ probe: probeBytes() })
    await world.get()
    const event = world.memory.inside.events.at(-1) as RegistryEvent
    expect(await planned(world)).toEqual(['building', 1])
    world.memory.inside.events.push({ ...event })
    expect(await planned(world)).toEqual(['building', 1])
  })

  test('whose claim was lost changes nothing', async () => {
    const world = createWorld({ probe: probeBytes() })
    await world.get()
    const other = { state: 'building', id: 'other', attempt: 2, claimedAt: 0, deadline: 1 } as const
    world.memory.inside.states.set(KEY, other)
    expect(await planned(world)).toEqual(['building', 0])
    expect(world.state()).toEqual(other)
  })

  test('whose kernel has another name today makes the name that was asked for an alias of that', async () => {
    const world = createWorld({ probe: probeBytes(), today: () => '6.1.1-2-amd64' })
    await world.get()
    await world.plan()
    expect(world.state()).toMatchObject({ state: 'alias', of: KEY.replace('6.1.1-1', '6.1.1-2') })
  })

  test('for which no builder is free is given up, to be asked for again', async () => {
    const world = createWorld({ probe: probeBytes() })
    world.busy(true)
    await world.get()
    expect(await planned(world)).toEqual(['failed', 0])
    expect(world.state()).toMatchObject({ reason: 'no-room' })
  })

  test.each<[ErrorCode, string]>([
    ['headers-not-found', 'headers-not-found'],
    ['unsupported-kernel', 'headers-not-found'],
    ['driver-source-not-found', 'driver-source-not-found'],
    ['mirror-unreachable', 'mirror-unreachable'],
    ['cannot-load', 'cannot-load'],
    ['signature-invalid', 'plan-error'],
    ['digest-mismatch', 'plan-error'],
  ])('that ends in %s fails with the reason %s, and starts no build', async (code, reason) => {
    const refuse = (): never => {
      throw new ProbeError(code, 'this is why')
    }
    const world = createWorld({ probe: probeBytes(), today: refuse })
    await world.get()
    expect(await planned(world)).toEqual(['failed', 0])
    expect(world.state()).toMatchObject({ reason, detail: expect.stringContaining('this is why') })
  })
})
