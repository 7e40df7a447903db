import { expect, test } from 'vitest'
import { faster, OF_AWS, OF_ONE_MACHINE } from '../../../local/lambda/pace.ts'

const TRIES = [1, 2, 3, 4, 9, 10, 30]

test('an account waits one minute and then two after failures, and up to five minutes when it is throttled', () => {
  expect([1, 2].map(OF_AWS.afterFailure)).toEqual([60_000, 120_000])
  expect(TRIES.map(OF_AWS.afterThrottle)).toEqual([1000, 2000, 4000, 8000, 256_000, 300_000, 300_000])
})

test('one machine waits one second and then two after failures, and half a second when it is throttled', () => {
  expect([1, 2].map(OF_ONE_MACHINE.afterFailure)).toEqual([1000, 2000])
  expect(TRIES.map(OF_ONE_MACHINE.afterThrottle)).toEqual(TRIES.map(() => 500))
})

test('a faster pace shortens every wait by the same factor', () => {
  const { afterFailure, afterThrottle } = faster(OF_AWS, 0.1)
  expect([1, 2].map(afterFailure)).toEqual([6000, 12_000])
  expect([1, 20].map(afterThrottle)).toEqual([100, 30_000])
})
