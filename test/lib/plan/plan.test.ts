// Tests the result of a plan for each state; a plan that fails because of a mirror decides nothing and is retried soon.

import { describe, expect, test } from 'vitest'
import { type ErrorCode, ProbeError } from '../../../lib/model/errors.ts'
import type { RegistryEvent } from '../../../lib/model/events.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

test('an unreachable mirror decides nothing: the client gets 503, and the probe is built after the mirror returns', async () => {
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

/** The state after the plan, and the number of started builds. */
async function planned(world: ReturnType<typeof createWorld>) {
  await world.plan()
  return [world.state()?.state, world.memory.inside.builds.length]
}

describe('the plan of a probe', () => {
  test('starts exactly one build of a claimed probe, even if its event arrives twice', async () => {
    const world = createWorld({ probe: probeBytes() })
    await world.get()
    const event = world.memory.inside.events.at(-1) as RegistryEvent
    expect(await planned(world)).toEqual(['building', 1])
    world.memory.inside.events.push({ ...event })
    expect(await planned(world)).toEqual(['building', 1])
  })

  test('changes nothing if its claim was lost', async () => {
    const world = createWorld({ probe: probeBytes() })
    await world.get()
    const other = { state: 'building', id: 'other', attempt: 2, claimedAt: 0, deadline: 1 } as const
    world.memory.inside.states.set(KEY, other)
    expect(await planned(world)).toEqual(['building', 0])
    expect(world.state()).toEqual(other)
  })

  test('makes the requested name an alias if the kernel has another name today', async () => {
    const world = createWorld({ probe: probeBytes(), today: () => '6.1.1-2-amd64' })
    await world.get()
    await world.plan()
    expect(world.state()).toMatchObject({ state: 'alias', of: KEY.replace('6.1.1-1', '6.1.1-2') })
  })

  test('fails with no-room if no builder is free', async () => {
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
  ])('that ends with %s fails with the reason %s, and starts no build', async (code, reason) => {
    const refuse = (): never => {
      throw new ProbeError(code, 'this is why')
    }
    const world = createWorld({ probe: probeBytes(), today: refuse })
    await world.get()
    expect(await planned(world)).toEqual(['failed', 0])
    expect(world.state()).toMatchObject({ reason, detail: expect.stringContaining('this is why') })
  })
})
