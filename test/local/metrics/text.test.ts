import { expect, test } from 'vitest'
import { gauge, textOf } from '../../../local/metrics/text.ts'
import { parseMetrics } from '../../support/local/prometheus.ts'

test('special characters in a label or a help text are escaped, and the reader gets the original label', () => {
  const odd = 'a "b" \\ c\nd, e="f"} 7'
  const text = textOf([
    { ...gauge('x_bytes', odd, 1.5), samples: [{ labels: { a: odd, b: '' }, value: 1.5 }] },
    gauge('y', 'plain', 0),
  ])
  expect(text.split('\n').length).toBe(7)
  expect(parseMetrics(text)).toEqual([
    { name: 'x_bytes', labels: { a: odd, b: '' }, value: 1.5 },
    { name: 'y', labels: {}, value: 0 },
  ])
})

test.each([
  ['x 1'],
  ['# HELP x a\n# TYPE x gauge\nx 1'],
  ['# HELP x a\n# TYPE x gauge\nx 1\nx 2\n'],
  ['# HELP x a\n# TYPE x gauge\nx{a="1"b="2"} 1\n'],
  ['# HELP x a\n# TYPE x gauge\nx{a="\n"} 1\n'],
  ['# HELP x a\n# TYPE x gauge\nx one\n'],
  ['# HELP x a\n# TYPE x counter\nx 1\n'],
  ['# HELP x a\nx 1\n'],
])('the reader of these tests refuses text that is not in the format: %j', (text) => {
  expect(() => parseMetrics(text)).toThrow()
})
