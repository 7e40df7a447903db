// Five addresses spent everyone's builds of a day.

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

/** Each asks for so many probes that nobody else asks for. */
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

describe('half of the builds of a day stay with callers that had few', () => {
  test.each([
    ['five addresses', addresses((i) => `198.51.${i}.7`, 5)],
    ['all addresses of an IPv4 network', addresses((i) => `198.51.100.${i}`, 40)],
    ['all subscribers of an IPv6 network', addresses((i) => `2001:db8:7:${i.toString(16)}::/64`, 40)],
  ])('after %s have asked for all that they may', async (_, attackers) => {
    const here = world()
    await askAll(here, attackers, 25)
    // Half of them, and of the other half the few that each of five callers, or a network, has.
    expect(built(here)).toBeLessThanOrEqual(PER_DAY / 2 + 5 * 5)
    const left = PER_DAY - built(here)
    const others = addresses((i) => `203.0.${i}.1`, left)
    expect(await askAll(here, others, 1, 5000)).toBe(left)
  })

  test('and who has had its share is told at once, at no cost', async () => {
    const here = world()
    const [one, ...more] = addresses((i) => `198.51.${i}.7`, 5)
    await askAll(here, more, 25)
    await askAll(here, [one!], 25, 1000)
    here.calls.length = 0
    expect(await here.get(named(9999), { caller: one! })).toMatchObject({
      problem: { status: 429, code: 'budget-spent' },
    })
    expect(here.calls.filter((call) => !/\.(get|exhausted)$/.test(call))).toEqual([])
    // The probe is not failed for others by it.
    expect(await here.get(named(9999), { caller: '203.0.113.1' })).toMatchObject({ tag: 'redirect' })
  })

  test('a caller whose plan comes too late for its share leaves the probe to others', async () => {
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

describe('what was paid for a name', () => {
  /** of an older name, which leads to the probe of today */
  const older = (i: number) => PATH.replace('6.1.1-1-amd64', `6.1.0-${i}-amd64`)

  test('is given back when it is an older one of a published probe, also when its event comes twice', async () => {
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

  test('of nothing is not, and what exists makes room for more', async () => {
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
