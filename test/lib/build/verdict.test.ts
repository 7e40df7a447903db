import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatJob, type LoadTestJob } from '../../../lib/build/job.ts'
import { loadTestOf, MAX_VERDICT, readVerdict, tellVerdict } from '../../../lib/build/verdict.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const failed = {
  verdict: 'failed',
  stage: 'done',
  reason: 'insmod: invalid module format',
  checked: [],
  lines: ['scap: disagrees about version of symbol module_layout'],
  timings: { boot: 3.1 },
}
const { stage: _, ...told } = failed

describe('the verdict of a load test', () => {
  test('is read completely', () => {
    expect(readVerdict(bytes(failed))).toEqual(told)
    const passed = { ...failed, verdict: 'passed', checked: ['insmod', 'rmmod'], lines: [] }
    const boot = { sha256: 'a'.repeat(64), bytes: 8_247_232 }
    expect(readVerdict(bytes({ ...passed, boot }))).toMatchObject({ verdict: 'passed', boot })
    const unavailable = { verdict: 'unavailable', stage: 'fetch', reason: 'no image', timings: {} }
    expect(readVerdict(bytes({ ...unavailable, checked: [], lines: [] }))).toEqual(unavailable)
  })

  test.each([
    ['what was captured', { events: 512, buffers: 2, api: '8.0.4' }],
    ['why that was not tried', { untried: 'how to capture by API version 11 is not known' }],
    ['nothing of it, as before there was a reader', undefined],
  ])('keeps in the record of the probe: %s', (_what, capture) => {
    const passed = { ...failed, verdict: 'passed', capture }
    expect(loadTestOf(readVerdict(bytes(passed)))).toEqual({
      verdict: 'passed',
      reason: failed.reason,
      checked: [],
      lines: failed.lines,
      ...(capture === undefined ? {} : { capture }),
    })
  })

  test.each([
    ['none', undefined],
    ['no JSON', new TextEncoder().encode('{')],
    ['another word', bytes({ ...failed, verdict: 'won' })],
    ['a check with a strange name', bytes({ ...failed, verdict: 'passed', checked: ['<b>'] })],
    ['too many lines', bytes({ ...failed, lines: Array.from({ length: 13 }, () => '') })],
    ['a timing that is no number', bytes({ ...failed, timings: { boot: '1' } })],
    ['an image without a digest', bytes({ ...failed, boot: { sha256: '../x', bytes: 1 } })],
    ['a capture of no events', bytes({ ...failed, capture: { events: 0, buffers: 1, api: '1.0.0' } })],
    ['a capture of another form', bytes({ ...failed, capture: { untried: 'why', events: 9 } })],
    ['an API version that is none', bytes({ ...failed, capture: { events: 9, buffers: 1, api: '<b>' } })],
    ['too many bytes', new Uint8Array(MAX_VERDICT + 1).fill(32)],
  ])('is unavailable for %s', (_name, body) => {
    expect(readVerdict(body).verdict).toBe('unavailable')
  })

  test('is unavailable for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => readVerdict(body).verdict === 'unavailable'),
    )
  })

  test('has no control characters and no endless lines of a hostile kernel', () => {
    const verdict = readVerdict(bytes({ ...failed, lines: [`a\u001b[2Jb\u202e${'x'.repeat(999)}`] }))
    expect(tellVerdict(verdict)).toMatch(/^insmod: invalid module format\na\?\[2Jb\?x+$/)
    expect(tellVerdict(verdict).length).toBeLessThan(300)
  })
})

test('the job of a load test is a document like that of a build', () => {
  const job: LoadTestJob = {
    settings: {
      KIND: 'kmod',
      ARCH: 'x86_64',
      DRIVER_NAME: 'scap',
      DRIVER_VERSION: '1.2.3+driver',
      UNAME_RELEASE: '6.1.0-56-amd64',
      MAX_SECONDS: '60',
    },
    inputs: [{ role: 'boot', format: 'text', sha256: 'ab', bytes: 7, url: 'http://x/y' }],
    outputs: { verdict: 'http://x/v', log: 'http://x/l' },
  }
  expect(formatJob(job)).toMatch(
    /^set\tKIND\tkmod\n[\s\S]*\nget\tboot\ttext\tab\t7\thttp:\/\/x\/y\nput\tverdict\t/,
  )
})
