import { describe, expect, test } from 'vitest'
import { createWorld, type Fault } from '../world.ts'
import { probeBytes } from './probe.ts'

const probe = probeBytes()
const HOUR = 3_600_000

/** The whole run, from a first GET to the probe, with whatever it takes after a crash. */
async function run(fault: Fault) {
  const world = createWorld({ probe })
  world.onCall(fault)
  await world.get().catch(() => undefined)
  await world.deliver()
  const unharmed = world.calls.length
  // The crash is over. Deadlines pass, the sweep comes, and hosts ask again.
  world.onCall(() => undefined)
  for (let round = 0; round < 4 && world.state()?.state !== 'published'; round += 1) {
    world.pass(HOUR)
    await world.sweep()
    await world.deliver()
    await world.get()
    await world.deliver()
  }
  return { world, unharmed }
}

/** Fails every try of the n-th call of the run, and of its repetitions, `times` times over. */
function failing(nth: number, when: 'before' | 'after', times: number): Fault {
  let count = 0
  let name: string | undefined
  let left = times
  return (call, moment) => {
    if (moment === 'before') count += 1
    if (count === nth && moment === 'before') name = call
    if (call === name && moment === when && left > 0) {
      left -= 1
      throw new Error(`${call} failed ${when === 'after' ? 'after it was done' : 'before it was done'}`)
    }
  }
}

describe('no state is lost on a crash', async () => {
  const { world, unharmed } = await run(() => undefined)
  const calls = world.calls.slice(0, unharmed)
  const end = world.state()

  test('a run without one publishes, by more than twenty calls', () => {
    expect(end).toMatchObject({ state: 'published', attempt: 1 })
    expect(calls.length).toBeGreaterThan(20)
  })

  const table = calls.flatMap((call, i) =>
    (['before', 'after'] as const).flatMap((when) =>
      [1, 3].map((times) => [call, when, times, i + 1] as const),
    ),
  )
  test.each(table)(
    '%s failed %s it was done, %i times: the end is the same (call %i)',
    async (_, when, times, nth) => {
      const { world: after } = await run(failing(nth, when, times))
      const state = after.state()
      expect(state).toMatchObject({ state: 'published' })
      if (state?.state !== 'published' || end?.state !== 'published') throw new Error('not published')
      expect(state.sha256).toBe(end.sha256)
      expect(state.objectKey).toBe(end.objectKey)
      for (const suffix of ['', '.asc', '.sha256', '.log']) {
        expect(after.memory.inside.objects.artifacts.has(state.objectKey + suffix), suffix).toBe(true)
      }
    },
  )

  test('events that come twice change nothing', async () => {
    const twice = createWorld({ probe })
    await twice.get()
    await twice.deliver(2)
    expect(twice.state()).toMatchObject({ state: 'published', attempt: 1 })
    expect(twice.memory.inside.builds).toHaveLength(1)
  })
})
