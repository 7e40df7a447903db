// Where nobody takes the request for a new build, its client is told so at once, and nothing is lost or paid for.

import { beforeEach, expect, test } from 'vitest'
import { ProbeError } from '../../../lib/model/errors.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld } from '../../support/world.ts'

let world: ReturnType<typeof createWorld>
const full = (isFull: boolean): void =>
  world.onCall((call, when) => {
    if (isFull && call === 'bus.emit' && when === 'before')
      throw new ProbeError('no-room', 'the registry begins nothing new: no space is left on its disk')
  })
const REFUSAL = {
  tag: 'problem',
  problem: {
    status: 503,
    code: 'no-room',
    retryAfter: 30,
    detail: expect.stringMatching(
      /^falco_debian_\S+ is not built now: .*no space is left.* ask again in half a minute$/,
    ),
  },
}

beforeEach(() => {
  world = createWorld({ probe: probeBytes(), verdict: 'passed' })
  full(true)
})

test('the first to ask is refused with 503, and so is everyone in the next half minute, without a try', async () => {
  expect(await world.get()).toMatchObject(REFUSAL)
  const emits = world.calls.filter((call) => call === 'bus.emit').length
  expect(await world.get()).toMatchObject(REFUSAL)
  expect(world.calls.filter((call) => call === 'bus.emit')).toHaveLength(emits)
})

test('it costs the caller nothing', async () => {
  const limit = world.resolvePorts.settings.budgets.unknownPerCallerPerDay
  for (let i = 0; i < limit + 5; i += 1) {
    expect(await world.get()).toMatchObject(REFUSAL)
    world.pass(31_000)
  }
})

test('it is built by the first request once there is room', async () => {
  await world.get()
  full(false)
  world.pass(31_000)
  expect(await world.get()).toMatchObject({ tag: 'redirect' })
  await world.deliver()
  expect(world.state()).toMatchObject({ state: 'published' })
})
