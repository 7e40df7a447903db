// `npm run targets`: shows which targets are planned from packages, and how. With --vectors FILE: how many
// real kernels of each target find their own packages.

import { parseArgs } from 'node:util'
import { judgeOf } from './judges.ts'
import { type Row, readRows } from './rows.ts'
import { table } from './table.ts'

const USAGE = `Usage: npm run targets                     the targets, and what is known of each
       npm run targets -- --vectors FILE   judge the kernels of a file of driverkit's configs: a line TARGET ROWS RIGHT each
`
/** Maximum number of reasons shown for one target. */
const MOST_REASONS = 3

async function judged(rows: readonly Row[]): Promise<void> {
  const targets = [...new Set(rows.map(({ target }) => target))].sort()
  const lines: string[] = []
  for (const target of targets) {
    const own = rows.filter((row) => row.target === target)
    const verdicts = await judgeOf(target)(own)
    const reasons = verdicts.flatMap((verdict, i) =>
      verdict.right ? [] : [`${own[i]?.kernelRelease}: ${verdict.why}`],
    )
    for (const reason of reasons.slice(0, MOST_REASONS)) console.log(`${target}: ${reason}`)
    if (reasons.length > MOST_REASONS) console.log(`${target}: and ${reasons.length - MOST_REASONS} more`)
    lines.push(`${target} ${own.length} ${own.length - reasons.length}`)
  }
  for (const line of lines) console.log(line)
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { vectors: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help === true) console.log(USAGE)
  else if (values.vectors === undefined) console.log(table())
  else await judged(readRows(values.vectors))
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`targets: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  process.exitCode = 2
}
