// Tests the problem that each unpublished state of a probe answers.

import { describe, expect, test } from 'vitest'
import { FAILURE_REASONS, type Failure } from '../../../lib/model/probe.ts'
import { parseProbe } from '../../../lib/names/grammar.ts'
import { subjectOf } from '../../../lib/names/subject.ts'
import type { Unpublished } from '../../../lib/serve/follow.ts'
import { stateProblem } from '../../../lib/serve/states.ts'
import { PATH } from '../../support/world.ts'

const NOW = Date.UTC(2026, 10, 26)
const subject = subjectOf(parseProbe(PATH).probe)
const claim = { id: 'c', attempt: 1 }
const failed = (failure: Partial<Failure> = {}): Unpublished => ({
  ...claim,
  state: 'failed',
  reason: 'compile-error',
  detail: 'it does not compile',
  retryAt: NOW + 90_500,
  ...failure,
})

describe('a probe that is not published answers', () => {
  test.each([
    ['that is absent', undefined, { status: 404, code: 'not-built' }],
    [
      'that is being built',
      { ...claim, state: 'building', deadline: NOW + 1, claimedAt: NOW } as const,
      { status: 503, code: 'being-built', retryAfter: 5, more: { log: `${PATH}.log` } },
    ],
    [
      'that failed, without a log',
      failed(),
      { status: 404, code: 'compile-error', retryAfter: 91, more: { retryAt: '2026-11-26T00:01:30.500Z' } },
    ],
    ['that failed, with a log', failed({ logKey: 'k' }), { more: { log: `${PATH}.log` } }],
    ['that may be tried again since long', failed({ retryAt: NOW - 5000 }), { retryAfter: 1 }],
    [
      'whose mirror was away, for longer than any client waits',
      failed({ reason: 'mirror-unreachable', retryAt: NOW + 900_000 }),
      {
        status: 503,
        code: 'mirror-unreachable',
        retryAfter: 120,
        more: { retryAt: '2026-11-26T00:15:00.000Z' },
      },
    ],
    ['for which nobody could pay', failed({ reason: 'budget-spent' }), { status: 429, code: 'budget-spent' }],
  ])('%s', (_, state, expected) => {
    const problem = stateProblem(subject, state, NOW)
    expect(problem).toMatchObject(expected)
    expect(problem.title).toMatch(/./)
    expect(problem.detail).toMatch(/./)
  })

  test.each(FAILURE_REASONS)('%s with an error, and never with a 2xx or 3xx', (reason) => {
    const { status, code } = stateProblem(subject, failed({ reason }), NOW)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(code).toBe(reason)
  })
})
