// Stores the result of a run: its rows in bench/results, its table and plots in docs/.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotsOf } from './plots.ts'
import { markdownOf, type Result } from './table.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENT = join(ROOT, 'docs/performance.md')
/** Folder of the plots, next to the document. */
const PLOTS = 'performance'

/**
 * `only`: the name of the measured rows; undefined for a complete run. The document shows the results for
 * which it has a place.
 */
export async function writeResult(only: string | undefined, result: Result): Promise<void> {
  const folder = join(ROOT, 'bench/results')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${only ?? 'latest'}.json`), `${JSON.stringify(result, null, 2)}\n`)
  const text = await readFile(DOCUMENT, 'utf8')
  if (!text.includes(beginOf(only))) return
  await drawPlots(result)
  await writeFile(DOCUMENT, withTable(text, only, result))
}

async function drawPlots(result: Result): Promise<void> {
  const folder = join(ROOT, 'docs', PLOTS)
  await mkdir(folder, { recursive: true })
  for (const [file, svg] of Object.entries(plotsOf(result))) await writeFile(join(folder, file), svg)
}

/** The table follows the line with the command that makes it. */
const beginOf = (only: string | undefined): string =>
  `<!-- npm run bench -- ${only === undefined ? '' : `--only ${only} `}--write -->`
const END = '<!-- end -->'

/**
 * Returns the document with the table and plots of the result.
 * @throws {Error} if the document has no place for them
 */
export function withTable(text: string, only: string | undefined, result: Result): string {
  const begin = text.indexOf(beginOf(only))
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`docs/performance.md lacks the lines ${beginOf(only)} and ${END}`)
  const plots = Object.keys(plotsOf(result)).map((file) => `![${file.replace('.svg', '')}](${PLOTS}/${file})`)
  const head = text.slice(0, begin + beginOf(only).length)
  return `${head}\n\n${markdownOf(result)}\n${plots.join('\n')}\n\n${text.slice(end)}`
}
