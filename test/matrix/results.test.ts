// Tests that docs/matrix.md and the table of known failures agree with the recorded results of the matrix.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { isBetween } from '../../lib/model/driver-numbers.ts'
import { driverFor } from '../../lib/model/drivers.ts'
import { KNOWN_FAILURES } from '../../lib/model/known-failures.ts'
import { ARCHES } from '../../lib/model/probe.ts'
import { formatSeries, seriesOf } from '../../lib/model/series.ts'
import { knownFailure, oldestKernel } from '../../lib/model/support.ts'
import type { Outcome, Seen } from '../../matrix/cells.ts'
import { between, laidOver, PAGE, pageOf, readResults } from '../../matrix/results.ts'
import { tableOf } from '../../matrix/table.ts'

const seen = (outcome: Outcome, more: Partial<Seen> = {}): Seen => ({
  driverVersion: '2.0.0+driver',
  kind: 'kmod',
  series: '6.1',
  kernel: '6.1.192-2-amd64',
  compiler: 'gcc-12',
  outcome,
  ...more,
})
const failed = (error: string): Outcome => ({ result: 'failed', error })
const rowOf = (one: Seen) => {
  const series = seriesOf(one.series)
  return series === undefined ? undefined : knownFailure(one, series)
}

describe('the recorded results', () => {
  test('are in docs/matrix.md as npm run matrix -- --write writes them', async () => {
    const page = readFileSync(PAGE, 'utf8')
    expect(between(page, pageOf(await readResults()))).toBe(page)
  })

  test('failed exactly where the table of known failures has a row', async () => {
    const results = await readResults()
    expect(results.filter((one) => (one.outcome.result === 'failed') !== (rowOf(one) !== undefined))).toEqual(
      [],
    )
  })

  test.each(KNOWN_FAILURES)(
    'include failures for each row of that table: $drivers $kinds, $from to $to',
    async (row) => {
      const [first, last] = row.drivers
      const tried = (await readResults()).filter(
        (one) =>
          isBetween(one.driverVersion, first, last) &&
          row.kinds.includes(one.kind) &&
          one.series === formatSeries(row.tried),
      )
      expect(new Set(tried.map(({ kind }) => kind))).toEqual(new Set(row.kinds))
      expect(tried.map(({ outcome }) => outcome.result)).toEqual(tried.map(() => 'failed'))
      for (const one of tried.filter((own) => rowOf(own) === row))
        expect(one.outcome).toMatchObject({ error: expect.stringContaining(row.error) })
    },
  )
})

test('docs/matrix.md names the kinds and the oldest kernels that the registry serves for each driver version', () => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(/^\| `[^|]*\+driver.* \| [\d., ]+ \| [\d., ]+ \|$/gm)]
  expect(rows.length).toBeGreaterThan(5)
  for (const [row] of rows) {
    const [drivers = '', kinds = '', , , ...oldest] = row.slice(2, -2).split(' | ')
    for (const [, driverVersion = ''] of drivers.matchAll(/`([^`]+)`/g)) {
      const served = driverFor(DEFAULTS, driverVersion).kinds
      expect(kinds).toBe(served.join(', '))
      const known = ARCHES.map((arch) =>
        served.map((kind) => formatSeries(oldestKernel({ driverVersion, kind, arch }))).join(', '),
      )
      expect(oldest, driverVersion).toEqual(known)
    }
  }
})

describe('a table', () => {
  test('has a row for each driver version, a column for each series, and each error once', () => {
    const results = [
      seen({ result: 'loaded', events: 7 }),
      seen({ result: 'built' }, { driverVersion: '10.0.0+driver' }),
      seen(failed('a.c:1: error: `x`'), {
        driverVersion: '10.0.0+driver',
        series: '6.12',
        kernel: '6.12.1-1-amd64',
      }),
      seen(failed('/build/driver/a.c:2:7: error: `x`'), {
        kind: 'ebpf',
        series: '6.12',
        kernel: '6.12.1-1-amd64',
      }),
    ]
    expect(tableOf(results).split('\n')).toEqual([
      '### kmod',
      '',
      '| driver version | 6.1<br>6.1.192-2-amd64<br>gcc-12 | 6.12<br>6.12.1-1-amd64<br>gcc-12 |',
      '| --- | --- | --- |',
      '| `2.0.0+driver` | loaded, events seen | - |',
      '| `10.0.0+driver` | built | error 1 |',
      '',
      '### ebpf',
      '',
      '| driver version | 6.12<br>6.12.1-1-amd64<br>gcc-12 |',
      '| --- | --- |',
      '| `2.0.0+driver` | error 1 |',
      '',
      "1. `a.c: error: 'x'`",
      '',
    ])
  })

  test('is written between the markers of its page, and a page without them is refused', () => {
    const page = `before\n${'<!-- npm run matrix -- --write: begin -->'}\nold\n<!-- end -->\nafter\n`
    expect(between(page, 'new\n')).toMatch(/^before\n<!--.*-->\n\nnew\n\n<!-- end -->\nafter\n$/)
    expect(() => between('no markers', 'new')).toThrow('no place')
  })
})

describe('a later result', () => {
  test('replaces an earlier result of the same cell', () => {
    const before = [seen(failed('old')), seen(failed('other'), { kind: 'ebpf' })]
    expect(laidOver(before, [seen({ result: 'built' })])).toEqual([
      seen(failed('other'), { kind: 'ebpf' }),
      seen({ result: 'built' }),
    ])
  })

  test('without a load test does not replace a loaded result of the same kernel', () => {
    const loaded = seen({ result: 'loaded', events: 7 })
    expect(laidOver([loaded], [seen({ result: 'built' })])).toEqual([loaded])
    const newer = seen({ result: 'built' }, { kernel: '6.1.193-1-amd64' })
    expect(laidOver([loaded], [newer])).toEqual([newer])
    expect(laidOver([loaded], [seen(failed('now'))])).toEqual([seen(failed('now'))])
  })
})
