import { beforeEach, expect, test } from 'vitest'
import type { ProbeState } from '../../../lib/model/probe.ts'
import { sharedUnlessBefore, shareReads } from '../../../lib/serve/shared-reads.ts'

const building: ProbeState = { state: 'building', attempt: 1, id: 'c', claimedAt: 0, deadline: 1 }

let time: number
let reads: string[]
let state: ProbeState | undefined
const index = {
  get: async (key: string, { consistent }: { consistent?: boolean } = {}) => {
    reads.push(consistent === true ? `${key}!` : key)
    const now = state
    await new Promise((resolve) => setImmediate(resolve))
    return now
  },
}
beforeEach(() => {
  time = 0
  reads = []
  state = undefined
})

test('a thousand calls at the same time are one read', async () => {
  const shared = shareReads(index, () => time)
  await Promise.all(Array.from({ length: 1000 }, () => shared.get('a')))
  expect(reads).toEqual(['a'])
})

test('a finished read is shared for the given time, and not longer', async () => {
  const shared = shareReads(index, () => time, 250)
  for (const at of [0, 249, 250, 400]) {
    time = at
    await shared.get('a')
  }
  expect(reads).toEqual(['a', 'a'])
  const never = shareReads(index, () => time)
  await never.get('b')
  await never.get('b')
  expect(reads.slice(2)).toEqual(['b', 'b'])
})

test('a consistent read is not answered by an eventually consistent one', async () => {
  const shared = shareReads(index, () => time)
  await Promise.all([shared.get('a'), shared.get('a', { consistent: true })])
  expect(reads).toEqual(['a', 'a!'])
})

test('a failure reaches the callers that wait for it, and no later caller', async () => {
  let fails = true
  const broken = shareReads(
    {
      get: async () => {
        if (fails) throw new Error('no table')
        return building
      },
    },
    () => time,
    250,
  )
  const all = await Promise.allSettled([broken.get('a'), broken.get('a')])
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await broken.get('a')).toBe(building)
})

test('a client that knows that a probe is being built does not read an older state without it', async () => {
  const shared = shareReads(index, () => time, 250)
  await shared.get('a')
  state = building
  const first = sharedUnlessBefore(shared, index, () => 0)
  expect(await first.get('a')).toBe(building)
  time = 300
  expect(await shared.get('a')).toBe(building)
  const before = reads.length
  expect(await first.get('a')).toBe(building)
  expect(reads).toHaveLength(before)
})

test.each([
  ['after its deadline', 2],
  ['after the clock was set back by an hour and a half', -5_400_000],
])(
  'a client whose request claimed an overdue build does not read the old claim again: %s',
  async (_, now) => {
    const shared = shareReads(index, () => time, 250)
    state = building
    await shared.get('a')
    const claimed: ProbeState = { ...building, id: 'd', claimedAt: now, deadline: now + 120_000 }
    state = claimed
    expect(await sharedUnlessBefore(shared, index, () => now).get('a')).toBe(claimed)
  },
)
