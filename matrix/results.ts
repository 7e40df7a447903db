// Stores the results of the matrix in a file, and writes them into a page of docs/.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareDrivers } from '../lib/model/driver-numbers.ts'
import { resultsSchema, type Seen, sameCell } from './cells.ts'
import { knownTable } from './known.ts'
import { tableOf } from './table.ts'

const RESULTS = join(import.meta.dirname, 'results.json')
export const PAGE = join(import.meta.dirname, '..', 'docs', 'matrix.md')

export const readResults = async (): Promise<readonly Seen[]> =>
  resultsSchema.parse(JSON.parse(await readFile(RESULTS, 'utf8')))

/** The newest result of each cell. A build that nobody tried to load does not replace the result `loaded`. */
export function laidOver(before: readonly Seen[], seen: readonly Seen[]): Seen[] {
  const kept = before.filter((one) => !seen.some((other) => sameCell(one, other) && !saysLess(other, one)))
  const fresh = seen.filter((one) => !kept.some((other) => sameCell(one, other)))
  return [...kept, ...fresh].sort(
    (a, b) =>
      compareDrivers(a.driverVersion, b.driverVersion) ||
      a.kind.localeCompare(b.kind) ||
      a.kernel.localeCompare(b.kernel, 'en', { numeric: true }),
  )
}

const saysLess = (now: Seen, before: Seen): boolean =>
  now.outcome.result === 'built' && before.outcome.result === 'loaded' && now.kernel === before.kernel

export async function writeResults(results: readonly Seen[]): Promise<void> {
  const lines = results.map((one) => `  ${JSON.stringify(one)}`)
  await writeFile(RESULTS, `[\n${lines.join(',\n')}\n]\n`)
  await writeFile(PAGE, between(await readFile(PAGE, 'utf8'), pageOf(results)))
}

/** The text between the page's markers. */
export const pageOf = (results: readonly Seen[]): string =>
  `${tableOf(results)}\n### Known to fail\n\n${knownTable()}`

const BEGIN = '<!-- npm run matrix -- --write: begin -->'
const END = '<!-- end -->'

/** Replaces the text between the page's markers. */
export function between(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the page has no place between ${BEGIN} and ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n${page.slice(end)}`
}
