import { describe, expect, test } from 'vitest'
import { buildEndOf, requestedOf, triggerOf } from '../../../functions/runtime/events.ts'
import { createBus } from '../../../lib/aws/bus.ts'
import type { RegistryEvent } from '../../../lib/model/events.ts'

/** The event as EventBridge delivers it. */
async function delivered(event: RegistryEvent): Promise<unknown> {
  let sent: object = {}
  const call = async (_: string, input: object) => {
    sent = input
    return { FailedEntryCount: 0 }
  }
  await createBus(call, 'bus').emit(event)
  const { Entries } = sent as { Entries: { DetailType: string; Detail: string }[] }
  const [{ DetailType, Detail }] = Entries as [(typeof Entries)[0]]
  return { version: '0', 'detail-type': DetailType, detail: JSON.parse(Detail) }
}

const claimed = { key: 'driver/1/x86_64/falco_debian_6.1.1-1-amd64_1.ko', claim: 'c1' }
const requested = { type: 'ProbeRequested', ...claimed, attempt: 2, caller: '192.0.2.1' } as const
const overdue = { type: 'ProbeOverdue', ...claimed } as const
const loadTest = { type: 'LoadTestRequested', ...claimed, sha256: 'a'.repeat(64), bytes: 7, test: 1 } as const

/** The sample of the CodeBuild user guide, shortened. */
const ended = (status: string, variables: Record<string, string>) => ({
  'detail-type': 'CodeBuild Build State Change',
  source: 'aws.codebuild',
  detail: {
    'build-status': status,
    'project-name': 'BuildX8664',
    'additional-information': {
      timeout: 60,
      environment: {
        image: 'debian',
        'environment-variables': Object.entries(variables).map(([name, value]) => ({
          name,
          value,
          type: 'PLAINTEXT',
        })),
      },
    },
  },
})
const VARIABLES = { PROBE_KEY: claimed.key, CLAIM: claimed.claim, PHASE: 'build', JOB_URL: 'http://x' }
const misconfigured = (message: RegExp) =>
  expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(message) })

describe('plan or publish reads the event from the bus:', () => {
  test.each([requested, loadTest])('$type', async (event) => {
    expect(requestedOf(await delivered(event))).toEqual({ type: event.type, request: event })
  })

  test('DriversWanted', async () => {
    const wanted = { type: 'DriversWanted' } as const
    expect(requestedOf(await delivered(wanted))).toEqual(wanted)
  })

  test('ProbeOverdue', async () => {
    expect(buildEndOf(await delivered(overdue))).toEqual({ ...claimed, status: undefined, phase: undefined })
  })

  test('BuildRunning', async () => {
    const asked = { ...claimed, status: undefined, phase: undefined, mayRun: true }
    expect(buildEndOf(await delivered({ type: 'BuildRunning', ...claimed }))).toEqual(asked)
  })
})

describe('publish reads the event', () => {
  test('for a probe with packages that may have changed', async () => {
    const wanted = { type: 'PackagesWanted', key: claimed.key } as const
    expect(triggerOf(await delivered(wanted))).toEqual(wanted)
  })

  test('of each hour', () => {
    expect(triggerOf({ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} })).toEqual({
      type: 'EveryHour',
    })
  })

  test('for the end of a build or of its deadline', async () => {
    const end = { ...claimed, status: undefined, phase: undefined }
    expect(triggerOf(await delivered(overdue))).toEqual({ type: 'BuildEnd', end })
    expect(triggerOf(ended('FAILED', VARIABLES))).toMatchObject({
      type: 'BuildEnd',
      end: { status: 'failed' },
    })
  })
})

describe('the status of an ended build', () => {
  test.each([
    ['SUCCEEDED', 'succeeded'],
    ['FAILED', 'failed'],
    ['FAULT', 'failed'],
    ['STOPPED', 'failed'],
    ['TIMED_OUT', 'timed-out'],
  ])('%s means %s', (status, ours) => {
    expect(buildEndOf(ended(status, VARIABLES))).toEqual({ ...claimed, status: ours, phase: 'build' })
    const phase = 'load-test'
    const end = { ...claimed, status: ours, phase }
    expect(buildEndOf(ended(status, { ...VARIABLES, PHASE: phase, LOAD_TEST: '2' }))).toEqual({
      ...end,
      test: 2,
    })
    // A load test from a version without test numbers.
    expect(buildEndOf(ended(status, { ...VARIABLES, PHASE: phase }))).toEqual({ ...end, test: 1 })
  })
})

describe('an event that no rule should send is refused with the reason:', () => {
  test.each([
    ['nothing', undefined, /an event has no proper form/],
    ['an event of another function', { 'detail-type': 'ProbeOverdue', detail: overdue }, /no proper type/],
    [
      'an event without a claim',
      { 'detail-type': 'ProbeRequested', detail: { key: 'k', attempt: 1 } },
      /claim/,
    ],
    [
      'a digest that is none',
      { 'detail-type': 'LoadTestRequested', detail: { ...loadTest, sha256: 'x' } },
      /sha256/,
    ],
  ])('%s, by plan', (_, event, message) => {
    expect(() => requestedOf(event)).toThrow(misconfigured(message))
  })

  test.each([
    [
      'an event of another function',
      { 'detail-type': 'ProbeRequested', detail: requested },
      /no proper type/,
    ],
    ['a build that goes on', ended('IN_PROGRESS', VARIABLES), /build-status/],
    ['a build without a claim', ended('FAILED', { PROBE_KEY: 'k', PHASE: 'build' }), /without CLAIM/],
  ])('%s, by publish', (_, event, message) => {
    expect(() => buildEndOf(event)).toThrow(misconfigured(message))
  })
})
