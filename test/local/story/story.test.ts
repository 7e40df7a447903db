import { describe, expect, test } from 'vitest'
import { createStory, lineOf, type Step } from '../../../local/story/story.ts'

const KEY = 'driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'
const AT = Date.UTC(2026, 10, 27, 12)

function story(waiting = 0) {
  let elapsed = 0
  const steps: Step[] = []
  const { event, logged, queued } = createStory({
    now: () => AT,
    elapsed: () => elapsed,
    waiting: () => waiting,
    tell: (step) => steps.push(step),
  })
  return {
    event,
    logged,
    queued,
    pass: (milliseconds: number) => {
      elapsed += milliseconds
    },
    text: () => steps.map((step) => lineOf(step, 'text')?.replace(/^.* \(.*?\): /, '')),
    steps,
  }
}

describe('the story of a probe', () => {
  test('has a line for each step from the first GET to the verdict, with the elapsed time', () => {
    const { event, logged, pass, text } = story()
    event('ProbeRequested', { key: KEY, claim: 'c1', attempt: 1, caller: '192.0.2.1' })
    pass(3000)
    logged({ event: 'build started', key: KEY, claim: 'c1', buildId: 'b' })
    pass(9000)
    logged({ event: 'published', key: KEY, claim: 'c1', sha256: 'x', bytes: 1 })
    logged({ event: 'load test started', key: KEY, claim: 'c1', test: 1 })
    pass(1000)
    logged({ event: 'load test started', key: KEY, claim: 'c1', test: 2 })
    pass(20_000)
    logged({ event: 'load test', key: KEY, claim: 'c1', verdict: 'passed', reason: 'it loads' })
    expect(text()).toEqual([
      'asked',
      'building, 3 s',
      'published, 12 s',
      'testing, 12 s',
      'testing, once more, test 2, 13 s',
      'tested, passed, 33 s',
    ])
  })

  test('shows why a probe failed, that it is overdue, and its other name', () => {
    const { logged, text } = story()
    logged({ event: 'plan failed', key: KEY, claim: 'c', reason: 'headers-not-found', detail: 'long' })
    logged({ event: 'build failed', key: KEY, claim: 'c', reason: 'compile-error' })
    logged({ event: 'load test', key: KEY, claim: 'c', verdict: 'failed', reason: 'it panics' })
    logged({ event: 'overdue', key: KEY, claim: 'c' })
    logged({ event: 'alias', key: KEY, claim: 'c', of: 'driver/other' })
    expect(text()).toEqual([
      'failed, headers-not-found',
      'failed, compile-error',
      'tested, failed: it panics',
      'overdue',
      'renamed, it is driver/other today',
    ])
  })

  test('shows the end of each claim once, even if it is logged several times', () => {
    const { logged, text } = story()
    for (const claim of ['c1', 'c1', 'c2', 'c1'])
      for (const event of ['published', 'build failed'])
        logged({ event, key: KEY, claim, ...(event === 'published' ? {} : { reason: 'compile-error' }) })
    const both = ['published', 'failed, compile-error']
    expect(text()).toEqual([...both, ...both])
  })

  test('counts queued work until it starts or is forgotten', () => {
    const { logged, queued, text } = story()
    const other = KEY.replace('amd64', 'rt-amd64')
    const counts = [
      { event: 'build queued', key: KEY, claim: 'c1' },
      { event: 'build queued', key: KEY, claim: 'c1' },
      { event: 'build queued', key: other, claim: 'c2' },
      { event: 'overdue', key: KEY, claim: 'c1' },
      { event: 'build started', key: KEY, claim: 'c1' },
      { event: 'build forgotten', key: other, claim: 'c2' },
      { event: 'load test interrupted', key: KEY, claim: 'c1' },
      { event: 'load test started', key: KEY, claim: 'c1', test: 1 },
    ].map((message) => {
      logged(message)
      return queued()
    })
    expect(counts).toEqual([1, 1, 2, 2, 1, 0, 1, 0])
    expect(text().filter((line) => line === 'waiting, for a builder')).toHaveLength(2)
  })

  test('shows the number of waiting clients', () => {
    const { event, steps } = story(2)
    event('ProbeRequested', { key: KEY, claim: 'c1' })
    expect(steps.map((step) => lineOf(step, 'text'))).toEqual([
      '2026-11-27 12:00:00 scap_debian_6.1.192-2-amd64_1.ko (driver 0.20.0, x86_64): asked, 2 wait',
    ])
  })

  test('leaves out events that are not a step of a probe', () => {
    const { event, logged, steps } = story()
    event('DriversWanted', {})
    event('ProbeRequested', 'x')
    for (const message of ['text', null, [1], {}, { event: 'list read', key: KEY }, { event: 'published' }])
      logged(message)
    expect(steps).toEqual([])
  })
})

describe('a line', () => {
  const step: Step = { at: AT, key: KEY, step: 'failed', detail: 'a\u001b[2J\nb\u009b', waiting: 0 }

  test('has no control characters for a terminal', () => {
    expect(lineOf(step, 'text')).toMatch(/^[\x20-\x7e]*failed, a \[2J b $/)
  })

  test('is JSON in the mode json, and empty in the mode quiet', () => {
    expect(JSON.parse(lineOf({ ...step, seconds: 3 }, 'json') ?? '')).toEqual({
      ...{ at: '2026-11-27T12:00:00.000Z', key: KEY, step: 'failed', detail: step.detail },
      ...{ seconds: 3, waiting: 0 },
    })
    expect(lineOf(step, 'quiet')).toBeUndefined()
  })
})
