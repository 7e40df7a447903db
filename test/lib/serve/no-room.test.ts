// Tests that the registry refuses a new build at once if it has no room, and that the refusal costs no budget.

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

test('the first request gets 503, and so do those in the next half minute, without another try', async () => {
  expect(await world.get()).toMatchObject(REFUSAL)
  const emits = world.calls.filter((call) => call === 'bus.emit').length
  expect(await world.get()).toMatchObject(REFUSAL)
  expect(world.calls.filter((call) => call === 'bus.emit')).toHaveLength(emits)
})

test('the refusal costs the caller no budget', async () => {
  const limit = world.resolvePorts.settings.budgets.unknownPerCallerPerDay
  for (let i = 0; i < limit + 5; i += 1) {
    expect(await world.get()).toMatchObject(REFUSAL)
    world.pass(31_000)
  }
})

test('the first request after there is room builds the probe', async () => {
  await world.get()
  full(false)
  world.pass(31_000)
  expect(await world.get()).toMatchObject({ tag: 'redirect' })
  await world.deliver()
  expect(world.state()).toMatchObject({ state: 'published' })
})
