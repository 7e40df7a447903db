// Five addresses could once use up the daily build limit of everybody.

import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import { probeBytes } from '../support/probe.ts'
import { createWorld, PATH } from '../support/world.ts'

const PER_DAY = 100
const settings = { budgets: { ...DEFAULTS.budgets, buildsPerDay: PER_DAY } }
const world = () => createWorld({ probe: probeBytes(), settings })
type World = ReturnType<typeof world>

const named = (i: number) => PATH.replace('6.1.1-1', `6.1.1-${i + 100}`)
const built = ({ memory }: World) =>
  memory.inside.builds.filter(({ order }) => order.phase === 'build').length

/** Each caller requests `each` probes that nobody else requests. Returns the number of builds. */
async function askAll(here: World, callers: readonly string[], each: number, first = 0): Promise<number> {
  const before = built(here)
  for (const [i, caller] of callers.entries())
    for (let n = 0; n < each; n += 1) {
      await here.get(named(first + i * each + n), { caller })
      await here.deliver()
    }
  return built(here) - before
}
const addresses = (format: (i: number) => string, count: number) =>
  Array.from({ length: count }, (_, i) => format(i))

describe('the registry reserves half of the daily build limit for callers with few builds', () => {
  test.each([
    ['five addresses', addresses((i) => `198.51.${i}.7`, 5)],
    ['all addresses of an IPv4 network', addresses((i) => `198.51.100.${i}`, 40)],
    ['all subscribers of an IPv6 network', addresses((i) => `2001:db8:7:${i.toString(16)}::/64`, 40)],
  ])('after %s have used up their share', async (_, attackers) => {
    const here = world()
    await askAll(here, attackers, 25)
    // Half of the limit, plus the few builds of the other half that each of five callers, or a network, gets.
    expect(built(here)).toBeLessThanOrEqual(PER_DAY / 2 + 5 * 5)
    const left = PER_DAY - built(here)
    const others = addresses((i) => `203.0.${i}.1`, left)
    expect(await askAll(here, others, 1, 5000)).toBe(left)
  })

  test('and immediately refuses a caller that has used up its share, without a write', async () => {
    const here = world()
    const [one, ...more] = addresses((i) => `198.51.${i}.7`, 5)
    await askAll(here, more, 25)
    await askAll(here, [one!], 25, 1000)
    here.calls.length = 0
    expect(await here.get(named(9999), { caller: one! })).toMatchObject({
      problem: { status: 429, code: 'budget-spent' },
    })
    expect(here.calls.filter((call) => !/\.(get|exhausted)$/.test(call))).toEqual([])
    // This refusal does not fail the probe for others.
    expect(await here.get(named(9999), { caller: '203.0.113.1' })).toMatchObject({ tag: 'redirect' })
  })

  test('and leaves a probe to other callers if its own caller has no share left when the plan is made', async () => {
    const here = world()
    await askAll(
      here,
      addresses((i) => `192.0.${i}.7`, 5),
      10,
    )
    const late = Array.from({ length: 15 }, (_, i) => named(2000 + i))
    for (const path of late) await here.get(path, { caller: '198.51.100.7' })
    await here.deliver()
    expect(built(here)).toBe(PER_DAY / 2 + 5)
    const left = late.filter((path) => here.state(path.slice(1))?.state === 'failed')
    expect(left).toHaveLength(10)
    for (const [i, path] of left.entries())
      expect(await here.get(path, { caller: `203.0.${i}.1` })).toMatchObject({ tag: 'redirect' })
  })
})

describe('the budget that a caller paid for a name', () => {
  /** an older name, which leads to the current probe */
  const older = (i: number) => PATH.replace('6.1.1-1-amd64', `6.1.0-${i}-amd64`)

  test('is refunded if the name is an older one of a published probe, even if its event arrives twice', async () => {
    const here = createWorld({
      probe: probeBytes(),
      settings: { budgets: { ...DEFAULTS.budgets, requestsPerCallerPerDay: 3 } },
      today: (release: string) => (release.startsWith('6.1.0-') ? '6.1.1-1-amd64' : release),
    })
    await here.get(PATH, { caller: 'owner' })
    await here.deliver()
    for (let i = 0; i < 10; i += 1) {
      expect(await here.get(older(i)), `name ${i}`).toMatchObject({ tag: 'redirect' })
      await here.deliver(2)
      expect(here.state(older(i).slice(1))).toMatchObject({ state: 'alias' })
    }
  })

  test('is refunded for kernels that exist, and not for kernels that do not exist', async () => {
    const here = createWorld({
      probe: probeBytes(),
      today: (release: string) => {
        if (release.startsWith('6.1.1-')) return release
        throw new ProbeError('headers-not-found', 'no such kernel')
      },
    })
    const caller = '198.51.100.7'
    for (let i = 0; i < 20; i += 1) {
      await here.get(PATH.replace('6.1.1-1', `6.1.1-${i + 1}`), { caller })
      await here.deliver()
    }
    expect(built(here)).toBe(20)
    const answers = []
    for (let i = 0; i < 20; i += 1) {
      answers.push((await here.get(PATH.replace('6.1.1-1', `6.9.9-${i + 1}`), { caller })).tag)
      await here.deliver()
    }
    expect(answers.filter((tag) => tag === 'redirect')).toHaveLength(16)
  })
})
