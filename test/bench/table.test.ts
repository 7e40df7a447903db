// Tests the benchmark's table and its plots with invented figures.

import { expect, test } from 'vitest'
import { plotsOf } from '../../bench/plots.ts'
import { withTable } from '../../bench/results.ts'
import { isMet, markdownOf, median, type Result, type Row, resultSchema, textOf } from '../../bench/table.ts'

const row = (rest: Partial<Row>): Row => ({
  ...{ name: 'hit', what: 'a hit', against: 'a read', ratios: [1.2, 1.9, 1.3], loads: [1, 3.25, 2] },
  ...rest,
})
const result: Result = {
  ...{ date: '2026-11-27', minutes: 14.2 },
  machine: { cpu: 'A processor', cores: 2, gigabytes: 8 },
  rows: [
    row({ goal: { atMost: 1.5 }, note: '3, 4, 5 ms' }),
    row({ name: 'http', what: 'requests a second', ratios: [0.012], loads: [1], goal: { atLeast: 1 } }),
    row({ name: 'bytes', what: 'not here', ratios: [], loads: [], note: 'skipped: no nginx' }),
  ],
}

test('each row has its own line with its median, spread and goal, whether the goal is met, and the load', () => {
  expect(textOf(result).split('\n')).toEqual([
    'what               against  median        spread           goal  met        load',
    'a hit              a read     1.30  1.20 to 1.90   at most 1.50  yes  1.0 to 3.3',
    '  3, 4, 5 ms',
    'requests a second  a read    0.012         0.012  at least 1.00   no         1.0',
    'not here           a read        -             -                               -',
    '  skipped: no nginx',
    '',
    '2026-11-27, A processor, 2 cores, 8 GB of memory; the run took 14 minutes.',
    '',
  ])
})

test('the Markdown table has the same rows, with notes below it', () => {
  const lines = markdownOf(result).split('\n')
  expect(lines[0]).toBe('| what | against | median | spread | goal | met | load |')
  expect(lines[2]).toBe('| a hit | a read | 1.30 | 1.20 to 1.90 | at most 1.50 | yes | 1.0 to 3.3 |')
  expect(lines).toContain('* not here: skipped: no nginx')
})

test('the median decides whether a row meets its goal; a row without goal or median has no answer', () => {
  expect(isMet(row({ goal: { atMost: 1.3 } }))).toBe(true)
  expect(isMet(row({ goal: { atMost: 1.29 } }))).toBe(false)
  expect(isMet(row({ goal: { atLeast: 1.3 } }))).toBe(true)
  expect(isMet(row({ goal: { atLeast: 1.31 } }))).toBe(false)
  expect(isMet(row({}))).toBe(undefined)
  expect(isMet(row({ goal: { atMost: 1 }, ratios: [] }))).toBe(undefined)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('each measured name has a plot, with its text escaped', () => {
  const rows = [...result.rows, row({ what: 'a < b & c', ratios: [9] })]
  const plots = plotsOf({ ...result, rows })
  expect(Object.keys(plots)).toEqual(['hit.svg', 'http.svg'])
  expect(plots['hit.svg']).toContain('>a &lt; b &amp; c<')
  // A value beyond the right end is cut there.
  expect(plots['hit.svg']).toContain('width="330.0"')
  expect(plots['hit.svg']).not.toContain('NaN')
})

test('a run replaces its own table and plots in the document, and nothing else', () => {
  const crowd = '<!-- npm run bench -- --only crowd --write -->\nof crowds\n<!-- end -->\n'
  const text = `a\n<!-- npm run bench -- --write -->\nold\n<!-- end -->\nb\n${crowd}`
  const once = withTable(text, undefined, result)
  expect(once).toContain('| a hit | a read |')
  expect(once).toContain('![http](performance/http.svg)')
  expect(once).not.toContain('old')
  expect(once).toContain(crowd)
  expect(withTable(once, undefined, result)).toBe(once)
  const both = withTable(once, 'crowd', { ...result, date: '2026-11-28' })
  expect(both).not.toContain('of crowds')
  expect(both).toMatch(/2026-11-27.*2026-11-28/s)
  expect(() => withTable('a\n', undefined, result)).toThrow('docs/performance.md lacks')
  expect(() => withTable(text, 'door', result)).toThrow('--only door')
})

test('a result survives writing and reading', () => {
  expect(resultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
})
