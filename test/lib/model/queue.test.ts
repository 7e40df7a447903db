import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Open } from '../../../lib/model/ports.ts'
import { isWaitedFor, placeOf, queueOf } from '../../../lib/model/queue.ts'

const NOW = Date.UTC(2026, 10, 23)
const publication = {
  ...{ sha256: 'a'.repeat(64), bytes: 1, objectKey: 'o', publishedAt: NOW },
  provenance: {} as never,
}

/** `ago`: milliseconds since it was claimed; `waited`: since somebody waited for it. */
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

test('whoever is waited for comes first, then whoever asked, then load tests; of each the first one first', () => {
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

test('what runs, or was never put there, is not in it', () => {
  const running = build('running', 1000)
  const planned = build('planned', 1000)
  const { queuedAt: _, ...unqueued } = planned.state
  const open = [
    { ...running, state: { ...running.state, buildId: 'build:1' } },
    { ...planned, state: unqueued },
  ] as Open[]
  expect(keys(open)).toEqual([])
})

test('a test that somebody waits for, as one that has to pass before it is published, comes as a build', () => {
  const { state } = build('required', 20_000, 1000)
  const required: Open = { key: 'required', state: { ...state, phase: 'load-test', test: 1 } as never }
  expect(keys([build('left', 800_000, 60_000), required])).toEqual(['required', 'left'])
  expect(placeOf(required.state)).toEqual({ claim: 'required', test: 1 })
  expect(placeOf(loadTest('t', 1).state)).toEqual({ claim: 't', test: 2 })
})

test('nobody waits for what is published, nor before the clock was set back', () => {
  expect(isWaitedFor(loadTest('t', 0).state, NOW)).toBe(false)
  expect(isWaitedFor(build('b', 0, -3_600_000).state, NOW)).toBe(false)
})

test('the order is one order, whatever comes first', () => {
  const any = fc
    .tuple(fc.nat(100_000), fc.option(fc.nat(100_000), { nil: undefined }), fc.boolean())
    .map(([ago, waited, isTest]) => (isTest ? loadTest(`t${ago}`, ago) : build(`b${ago}`, ago, waited)))
  fc.assert(
    fc.property(fc.uniqueArray(any, { selector: ({ key }) => key.slice(1), maxLength: 20 }), (open) => {
      expect(keys([...open].reverse())).toEqual(keys(open))
    }),
  )
})
