import { expect, test } from 'vitest'
import { overBudget, slowestFirst } from './times.ts'

test('the report lists the seconds of each file, slowest first', () => {
  const files = [
    { file: 'test/a.test.ts', seconds: 0.04 },
    { file: 'test/b.test.ts', seconds: 112.34 },
    { file: 'test/c.test.ts', seconds: 9 },
  ]
  expect(slowestFirst(files)).toBe(
    '  112.3 s  test/b.test.ts\n    9.0 s  test/c.test.ts\n    0.0 s  test/a.test.ts\n',
  )
})

test('the report names a run above its time budget, unless it is the long run', () => {
  expect(overBudget(1800, false)).toBe('')
  expect(overBudget(2820, false)).toMatch(/^✗ npm test took 47.0 minutes, its budget is 45: .*\n$/)
  expect(overBudget(1920, true)).toBe('')
})
