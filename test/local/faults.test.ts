import { expect, test } from 'vitest'
import { type Fault, NO_FAULTS, seededFaults } from '../../local/faults.ts'

const KINDS: Fault[] = [
  ...['s3-slow-down', 's3-conflict', 'dynamodb-throttle', 'event-twice', 'build-event-lost'],
] as const
const seriesOf = (seed: string, kind: Fault): boolean[] => {
  const faults = seededFaults(seed)
  return Array.from({ length: 1000 }, () => faults.strikes(kind))
}

test.each(KINDS)(
  '%s strikes at the same requests with the same seed, and at other requests with another seed',
  (kind) => {
    expect(seriesOf('a', kind)).toEqual(seriesOf('a', kind))
    expect(seriesOf('a', kind)).not.toEqual(seriesOf('b', kind))
  },
)

test.each(KINDS)('%s strikes at some requests, independently of other faults', (kind) => {
  const alone = seriesOf('a', kind)
  const faults = seededFaults('a')
  const beside = Array.from({ length: 1000 }, () => {
    for (const other of KINDS) if (other !== kind) faults.strikes(other)
    faults.lag()
    return faults.strikes(kind)
  })
  expect(beside).toEqual(alone)
  const struck = alone.filter(Boolean).length
  expect(struck).toBeGreaterThan(10)
  expect(struck).toBeLessThan(350)
})

test('the delay of an index is between zero and two seconds', () => {
  const { lag } = seededFaults('a')
  const lags = Array.from({ length: 1000 }, lag)
  expect(Math.min(...lags)).toBeLessThan(10)
  expect(Math.max(...lags)).toBeGreaterThan(1000)
  expect(Math.max(...lags)).toBeLessThanOrEqual(2000)
})

test('most events have almost no delay, and some have several seconds', () => {
  const { delay } = seededFaults('a')
  const delays = Array.from({ length: 1000 }, delay).sort((a, b) => a - b)
  expect(delays[500]).toBeLessThan(500)
  expect(delays.at(-1)).toBeGreaterThan(5000)
  expect(delays.at(-1)).toBeLessThanOrEqual(10_000)
})

test('an environment of a function gets requests for one to ten minutes', () => {
  const { environment } = seededFaults('a')
  const lives = Array.from({ length: 1000 }, environment)
  expect(Math.min(...lives)).toBeGreaterThanOrEqual(60_000)
  expect(Math.min(...lives)).toBeLessThan(120_000)
  expect(Math.max(...lives)).toBeGreaterThan(540_000)
  expect(Math.max(...lives)).toBeLessThanOrEqual(600_000)
})

test('without a seed there are no faults', () => {
  expect(KINDS.some(NO_FAULTS.strikes)).toBe(false)
  expect([NO_FAULTS.lag(), NO_FAULTS.delay(), NO_FAULTS.environment()]).toEqual([
    ...[0, 0, Number.POSITIVE_INFINITY],
  ])
})
