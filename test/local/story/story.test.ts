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
  test('is told from the first GET to its verdict, with the time that it took', () => {
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

  test('says why it failed, what is late, and by which name it is there', () => {
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

  test('tells the end of a claim once, however many tell it, and that of the next claim again', () => {
    const { logged, text } = story()
    for (const claim of ['c1', 'c1', 'c2', 'c1'])
      for (const event of ['published', 'build failed'])
        logged({ event, key: KEY, claim, ...(event === 'published' ? {} : { reason: 'compile-error' }) })
    const both = ['published', 'failed, compile-error']
    expect(text()).toEqual([...both, ...both])
  })

  test('counts what waits for its turn, until that comes or it is forgotten', () => {
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

  test('says how many wait', () => {
    const { event, steps } = story(2)
    event('ProbeRequested', { key: KEY, claim: 'c1' })
    expect(steps.map((step) => lineOf(step, 'text'))).toEqual([
      '2026-11-27 12:00:00 scap_debian_6.1.192-2-amd64_1.ko (driver 0.20.0, x86_64): asked, 2 wait',
    ])
  })

  test('leaves out what is no step of a probe', () => {
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

  test('holds nothing that a terminal would obey', () => {
    expect(lineOf(step, 'text')).toMatch(/^[\x20-\x7e]*failed, a \[2J b $/)
  })

  test('is JSON for who wants that, and nothing for who wants none', () => {
    expect(JSON.parse(lineOf({ ...step, seconds: 3 }, 'json') ?? '')).toEqual({
      ...{ at: '2026-11-27T12:00:00.000Z', key: KEY, step: 'failed', detail: step.detail },
      ...{ seconds: 3, waiting: 0 },
    })
    expect(lineOf(step, 'quiet')).toBeUndefined()
  })
})
