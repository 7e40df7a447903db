import { describe, expect, test } from 'vitest'
import { createCounter } from '../../../local/metrics/counter.ts'
import { createCounts } from '../../../local/metrics/counts.ts'
import { textOf } from '../../../local/metrics/text.ts'
import type { Step } from '../../../local/story/story.ts'
import { parseMetrics, sumOf } from '../../support/local/prometheus.ts'

const step = (name: Step['step'], detail?: string): Step => ({
  ...{ at: 0, key: 'driver/a/x86_64/b.ko', step: name, waiting: 0 },
  ...(detail === undefined ? {} : { detail }),
})

function counted(work: (counts: ReturnType<typeof createCounts>) => void) {
  const counts = createCounts(['Resolve', 'Wait'])
  work(counts)
  const read = parseMetrics(textOf(counts.metrics()))
  return (name: string, labels = {}) => sumOf(read, `probe_registry_${name}_total`, labels)
}

describe('a stack counts', () => {
  test('ends of probes, by the reason of a failure', () => {
    const value = counted((counts) => {
      for (const told of ['asked', 'building', 'testing', 'overdue'] as const) counts.step(step(told))
      counts.step(step('published'))
      counts.step(step('renamed', 'it is x today'))
      counts.step(step('failed', 'compile-error'))
      counts.step(step('failed', 'compile-error'))
      counts.step(step('failed', 'no "reason" of ours\n'))
    })
    expect(value('probes', { outcome: 'published', reason: '' })).toBe(1)
    expect(value('probes', { outcome: 'renamed', reason: '' })).toBe(1)
    expect(value('probes', { outcome: 'failed', reason: 'compile-error' })).toBe(2)
    expect(value('probes', { outcome: 'failed', reason: 'other' })).toBe(1)
    expect(value('probes')).toBe(5)
  })

  test('load tests by their verdict, with or without an explanation', () => {
    const value = counted((counts) => {
      counts.step(step('tested', 'passed'))
      counts.step(step('tested', 'failed: Unknown symbol'))
      counts.step(step('tested', 'passed: by whom'))
      counts.step(step('tested', 'passedx'))
    })
    expect(value('load_tests', { verdict: 'passed' })).toBe(2)
    expect(value('load_tests', { verdict: 'failed' })).toBe(1)
    expect(value('load_tests', { verdict: 'unavailable' })).toBe(0)
    expect(value('load_tests', { verdict: 'other' })).toBe(1)
  })

  test('invocations of each function; a throttled one counts only as a throttle', () => {
    const value = counted(({ invoked }) => {
      invoked('Wait', 'answer')
      invoked('Wait', 'failed')
      invoked('Wait', 'throttled')
    })
    expect(value('function_invocations', { function: 'Wait' })).toBe(2)
    expect(value('function_errors', { function: 'Wait' })).toBe(1)
    expect(value('function_throttles', { function: 'Wait' })).toBe(1)
    expect(value('function_invocations', { function: 'Resolve' })).toBe(0)
  })

  test('requests by route and class of status', () => {
    const value = counted(({ answered }) => {
      for (const status of [307, 304, 404, 503]) answered('$default', status)
    })
    expect(value('requests', { route: '$default', status: '3xx' })).toBe(2)
    expect(value('requests', { route: '$default', status: '5xx' })).toBe(1)
  })
})

test('a counter keeps at most 200 label values and one for all others, and no unprintable character', () => {
  const counter = createCounter({ name: 'x_total', help: 'x', from: [{ a: 'known' }] })
  for (let i = 0; i < 5000; i += 1) counter.add({ a: `client ${i}` })
  counter.add({ a: 'known' })
  counter.add({ a: 'line\nbreak' })
  const { samples } = counter.metric()
  expect(samples.length).toBeLessThanOrEqual(201)
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(5002)
  expect(samples[0]).toEqual({ labels: { a: 'known' }, value: 1 })
  expect(samples.filter(({ labels }) => labels.a?.includes('\n'))).toEqual([])
})
