import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Open } from '../../../lib/model/ports.ts'
import { isWaitedFor, placeOf, queueOf } from '../../../lib/model/queue.ts'

const NOW = Date.UTC(2026, 10, 23)
const publication = {
  ...{ sha256: 'a'.repeat(64), bytes: 1, objectKey: 'o', publishedAt: NOW },
  provenance: {} as never,
}

/** `ago`: milliseconds since the claim; `waited`: milliseconds since a client last waited for it. */
const build = (key: string, ago: number, waited?: number): Open => ({
  key,
  state: {
    ...{ state: 'building', attempt: 1, id: key, claimedAt: NOW - ago, deadline: NOW, queuedAt: NOW },
    ...(waited === undefined ? {} : { waitedAt: NOW - waited }),
  },
})
const loadTest = (key: string, ago: number): Open => ({
  key,
  state: { state: 'published', attempt: 1, id: key, test: 2, queuedAt: NOW - ago, ...publication },
})
const keys = (open: readonly Open[]) => queueOf(open, NOW).map(({ key }) => key)

test('builds with a waiting client run first, then the other builds, then load tests; each group runs oldest first', () => {
  const open = [
    loadTest('old test', 900_000),
    loadTest('new test', 1000),
    build('left', 800_000, 60_000),
    build('waits since later', 30_000, 2000),
    build('waits for long', 200_000, 14_000),
    build('left later', 40_000),
    build('asked just now', 3000),
  ]
  expect(keys(open)).toEqual([
    ...['waits for long', 'waits since later', 'asked just now'],
    ...['left', 'left later', 'old test', 'new test'],
  ])
})

test('the queue has no build that already runs or was never queued', () => {
  const running = build('running', 1000)
  const planned = build('planned', 1000)
  const { queuedAt: _, ...unqueued } = planned.state
  const open = [
    { ...running, state: { ...running.state, buildId: 'build:1' } },
    { ...planned, state: unqueued },
  ] as Open[]
  expect(keys(open)).toEqual([])
})

test('a load test that must pass before the publication is queued like a build', () => {
  const { state } = build('required', 20_000, 1000)
  const required: Open = { key: 'required', state: { ...state, phase: 'load-test', test: 1 } as never }
  expect(keys([build('left', 800_000, 60_000), required])).toEqual(['required', 'left'])
  expect(placeOf(required.state)).toEqual({ claim: 'required', test: 1 })
  expect(placeOf(loadTest('t', 1).state)).toEqual({ claim: 't', test: 2 })
})

test('nobody waits for a published probe, nor for a build with a waiting time in the future', () => {
  expect(isWaitedFor(loadTest('t', 0).state, NOW)).toBe(false)
  expect(isWaitedFor(build('b', 0, -3_600_000).state, NOW)).toBe(false)
})

test('the order of the queue does not depend on the order of its input', () => {
  const any = fc
    .tuple(fc.nat(100_000), fc.option(fc.nat(100_000), { nil: undefined }), fc.boolean())
    .map(([ago, waited, isTest]) => (isTest ? loadTest(`t${ago}`, ago) : build(`b${ago}`, ago, waited)))
  fc.assert(
    fc.property(fc.uniqueArray(any, { selector: ({ key }) => key.slice(1), maxLength: 20 }), (open) => {
      expect(keys([...open].reverse())).toEqual(keys(open))
    }),
  )
})
