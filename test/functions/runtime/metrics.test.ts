// Tests the metrics: each is one line in CloudWatch's embedded metric format, without text from a client.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  createMeasure,
  type Measure,
  measureAnswer,
  measureFound,
  measureOpen,
  measuringLog,
} from '../../../functions/runtime/metrics.ts'
import { METRICS, type MetricName } from '../../../lib/model/metrics.ts'
import type { Open } from '../../../lib/model/ports.ts'
import { FAILURE_REASONS } from '../../../lib/model/probe.ts'
import { problem, redirect } from '../../../lib/serve/answer.ts'

const KEY = 'driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'

function written(measure: (told: Measure) => void): string[] {
  const lines: string[] = []
  measure(
    createMeasure(
      'Probes',
      (line) => lines.push(line),
      () => 1_795_000_000_000,
    ),
  )
  return lines
}

/** The metrics, each as `Name=value` or `Name{dimension}=value`. */
function told(measure: (told: Measure) => void): string[] {
  const all: string[] = []
  measure((name, value, by) => all.push(`${name}${by === undefined ? '' : `{${by}}`}=${value}`))
  return all
}

describe('a line', () => {
  test('has the form that CloudWatch reads, for the total and for each value of the dimension', () => {
    const [line = '', ...more] = written((measure) => measure('BuildSeconds', 42, 'debian'))
    expect(more).toEqual([])
    expect(line).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: 1_795_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Probes',
            Dimensions: [[], ['Target']],
            Metrics: [{ Name: 'BuildSeconds', Unit: 'Seconds' }],
          },
        ],
      },
      BuildSeconds: 42,
      Target: 'debian',
    })
  })

  test('of a metric without a dimension has no dimension, even if it gets one', () => {
    const [line = ''] = written((measure) => measure('Hits', 1, 'debian'))
    expect(JSON.parse(line)._aws.CloudWatchMetrics[0].Dimensions).toEqual([[]])
    expect(line).not.toContain('debian')
  })
})

describe('a function', () => {
  const METRICS_FILE = join(import.meta.dirname, '../../../functions/runtime/metrics.ts')
  const writes = (environment: Readonly<Record<string, string>>): string => {
    // Lambda's log format JSON wraps all text from the console.
    const program = `console.log = (said) => process.stdout.write(JSON.stringify({ message: said }))
      const { measure } = await import(${JSON.stringify(METRICS_FILE)})
      measure('Misses', 1)`
    const args = ['--input-type=module', '-e', program]
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: environment }).stdout
  }

  test('does not write the line to the console, which would wrap it', () => {
    expect(writes({ METRICS_NAMESPACE: 'Probes' })).toMatch(/^\{"_aws":\{.*"Misses":1\}\n$/)
  })

  test('writes no line on one machine, which counts without CloudWatch', () => {
    expect(writes({ ONE_PROCESS: '1' })).toBe('')
  })
})

describe('an answer', () => {
  const of = (path: string, answer: Parameters<typeof measureAnswer>[2]) =>
    told((measure) => measureAnswer(measure, path, answer))
  const stored = redirect('https://bucket.s3.eu-central-1.amazonaws.com/key?X-Amz-Signature=0')

  test('that redirects to the probe is a hit, and a redirect to the long poll is a miss', () => {
    expect(of(`/${KEY}`, stored)).toEqual(['Hits=1'])
    expect(of(`/${KEY.replace('.ko', '.o')}`, stored)).toEqual(['Hits=1'])
    expect(of(`/${KEY}`, redirect(`/wait/${KEY}?until=1`))).toEqual(['Misses=1'])
  })

  test('for a sidecar of a probe, or with a refusal, is neither', () => {
    expect(of(`/${KEY}.asc`, stored)).toEqual([])
    expect(of(`/${KEY}.log`, stored)).toEqual([])
    const refused = problem({ status: 404, code: 'not-found', title: 'no', detail: 'no' })
    expect(of(`/${KEY}`, refused)).toEqual([])
  })
})

describe('the log of builds', () => {
  const of = (event: string, fields: Readonly<Record<string, string | number>>) =>
    told((measure) => measuringLog(() => {}, measure)(event, fields))

  test('is written unchanged, and each end of a build is measured', () => {
    const log: unknown[] = []
    const fields = { key: KEY, claim: 'c', seconds: 31 }
    measuringLog(
      (...said) => log.push(said),
      () => {},
    )('published', fields)
    expect(log).toEqual([['published', fields]])
    expect(of('published', fields)).toEqual(['BuildSeconds{debian}=31'])
    expect(of('build failed', { key: KEY, reason: 'compile-error' })).toEqual([
      'BuildsFailed{compile-error}=1',
    ])
    expect(of('plan failed', { key: KEY, reason: 'plan-error' })).toEqual(['BuildsFailed{plan-error}=1'])
    expect(of('build started', fields)).toEqual([])
  })

  test('causes no dimension with text from a client', () => {
    const targetOf = (key: string) => of('published', { key, seconds: 1 })[0]
    expect(targetOf(KEY.replace('_debian_', '_ubuntu-aws_'))).toBe('BuildSeconds{ubuntu}=1')
    expect(
      targetOf(`config/${'a'.repeat(64)}/${KEY.replace('driver/', '').replace('_debian_', '_nobodys_')}`),
    ).toBe('BuildSeconds{submitted}=1')
    expect(targetOf(KEY.replace('_debian_', '_nobodys_'))).toBe('BuildSeconds{other}=1')
    expect(targetOf('no key')).toBe('BuildSeconds{other}=1')
    expect(of('build failed', { key: KEY, reason: 'x'.repeat(99) })).toEqual(['BuildsFailed{other}=1'])
  })

  test('has a dimension for each reason', () => {
    for (const reason of FAILURE_REASONS)
      expect(of('build failed', { key: KEY, reason })).toEqual([`BuildsFailed{${reason}}=1`])
  })
})

test('queued and running builds are counted separately', () => {
  const open = (more: object): Open => ({
    key: KEY,
    state: { state: 'building', id: 'c', attempt: 1, deadline: 2, claimedAt: 1, ...more },
  })
  const all = [open({}), open({ queuedAt: 1 }), open({ buildId: 'b:1' }), open({ buildId: 'b:2' })]
  expect(told((measure) => measureOpen(measure, all))).toEqual(['QueueLength=1', 'BuildsRunning=2'])
  expect(told((measure) => measureOpen(measure, []))).toEqual(['QueueLength=0', 'BuildsRunning=0'])
})

test('the canary has a metric for its result and one for its duration', () => {
  const of = (found: Parameters<typeof measureFound>[1]) =>
    told((measure) => measureFound(measure, found, 42))
  expect(of({ tag: 'good', sha256: '', bytes: 0 })).toEqual(['CanaryGood=1', 'CanaryMilliseconds=42'])
  expect(of({ tag: 'bad', why: '' })).toEqual(['CanaryGood=0', 'CanaryMilliseconds=42'])
})

test('the registry writes each defined metric', () => {
  const names = told((measure) => {
    measureAnswer(measure, `/${KEY}`, redirect('https://bucket/key'))
    measureAnswer(measure, `/${KEY}`, redirect(`/wait/${KEY}`))
    const log = measuringLog(() => {}, measure)
    log('published', { key: KEY, seconds: 1 })
    log('build failed', { key: KEY, reason: 'compile-error' })
    measureOpen(measure, [])
    measureFound(measure, { tag: 'good', sha256: '', bytes: 0 }, 1)
  }).map((one) => one.replace(/[{=].*/, '') as MetricName)
  expect(names.sort()).toEqual(Object.keys(METRICS).sort())
})
