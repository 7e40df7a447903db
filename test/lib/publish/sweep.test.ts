// Tests the events that a sweep sends for each state of a probe.

import { expect, test } from 'vitest'
import type { ProbeState } from '../../../lib/model/probe.ts'
import { createWorld, KEY } from '../../support/world.ts'

const NOW = createWorld({ probe: undefined }).resolvePorts.now()
const claim = { id: 'c', attempt: 1 }
const building = (more: object): ProbeState => ({
  ...claim,
  state: 'building',
  claimedAt: NOW,
  deadline: NOW + 1000,
  ...more,
})

test.each<[string, ProbeState | undefined, string | undefined]>([
  ['absent', undefined, undefined],
  ['claimed and within its time, without a build', building({}), undefined],
  ['built within its time', building({ buildId: 'b' }), 'BuildRunning'],
  ['claimed and past its deadline', building({ deadline: NOW - 1 }), 'ProbeOverdue'],
  [
    'built past its deadline, of which its builder is not asked twice',
    building({ buildId: 'b', deadline: NOW - 1 }),
    'ProbeOverdue',
  ],
  [
    'failed',
    { ...claim, state: 'failed', reason: 'compile-error', detail: 'no', retryAt: NOW - 1 },
    undefined,
  ],
])('a probe that is %s', async (_, state, type) => {
  const world = createWorld({ probe: undefined })
  if (state !== undefined) world.memory.inside.states.set(KEY, state)
  expect(await world.sweep()).toBe(type === 'ProbeOverdue' ? 1 : 0)
  expect(world.memory.inside.events).toEqual(type === undefined ? [] : [{ type, key: KEY, claim: 'c' }])
  expect(world.state()).toEqual(state)
})

test('the next sweep finishes the work of one that broke off', async () => {
  const world = createWorld({ probe: undefined })
  for (const key of ['one', 'two'])
    world.memory.inside.states.set(`driver/${key}`, building({ deadline: NOW - 1 }))
  let emitted = 0
  world.onCall((call, when) => {
    if (call !== 'bus.emit' || when === 'after') return
    emitted += 1
    if (emitted === 2) throw new Error('throttled')
  })
  await expect(world.sweep()).rejects.toThrow('throttled')
  world.onCall(() => undefined)
  expect(await world.sweep()).toBe(2)
  expect(new Set(world.memory.inside.events.map((event) => ('key' in event ? event.key : '')))).toEqual(
    new Set(['driver/one', 'driver/two']),
  )
})
