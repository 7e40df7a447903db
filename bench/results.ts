// What is kept of a run: its rows in bench/results, its table and plots in docs/.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotsOf } from './plots.ts'
import { markdownOf, type Result, resultSchema } from './table.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENT = join(ROOT, 'docs/performance.md')
/** Between these lines of the document is the table. */
const BEGIN = '<!-- npm run bench -- --write -->'
const END = '<!-- end -->'

/** `latest`: a whole run; else the name of rows that are measured apart. */
const fileOf = (name: string): string => join(ROOT, 'bench/results', `${name}.json`)

export const readResult = async (name: string): Promise<Result> =>
  resultSchema.parse(JSON.parse(await readFile(fileOf(name), 'utf8')))

/** Only the whole run is shown in the document. */
export async function writeResult(name: string, result: Result): Promise<void> {
  await mkdir(join(ROOT, 'bench/results'), { recursive: true })
  await writeFile(fileOf(name), `${JSON.stringify(result, null, 2)}\n`)
  await drawPlots(result)
  if (name === 'latest') await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, 'utf8'), result))
}

async function drawPlots(result: Result): Promise<void> {
  const folder = join(ROOT, 'docs/performance')
  await mkdir(folder, { recursive: true })
  for (const [file, svg] of Object.entries(plotsOf(result))) await writeFile(join(folder, file), svg)
}

/** The document with the table of that result. Throws where it has no place for one. */
export function withTable(text: string, result: Result): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md lacks the lines ${BEGIN} and ${END}`)
  return `${text.slice(0, begin + BEGIN.length)}\n\n${markdownOf(result)}\n${text.slice(end)}`
}
