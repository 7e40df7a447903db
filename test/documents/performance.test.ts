// Tests that docs/performance.md shows the results in bench/results.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plotsOf } from '../../bench/plots.ts'
import { withTable } from '../../bench/results.ts'
import { type Result, resultSchema } from '../../bench/table.ts'
import { documentAt } from '../support/documents/markdown.ts'

const ROOT = join(import.meta.dirname, '../..')
const RESULTS = join(ROOT, 'bench/results')
const resultIn = (file: string): Result =>
  resultSchema.parse(JSON.parse(readFileSync(join(RESULTS, file), 'utf8')))

test.each(readdirSync(RESULTS))('docs/performance.md has the table and the plots of %s', (file) => {
  const only = file === 'latest.json' ? undefined : file.replace('.json', '')
  const { text } = documentAt('docs/performance.md')
  expect(withTable(text, only, resultIn(file))).toBe(text)
  for (const [name, svg] of Object.entries(plotsOf(resultIn(file))))
    expect(readFileSync(join(ROOT, 'docs/performance', name), 'utf8'), name).toBe(svg)
})
