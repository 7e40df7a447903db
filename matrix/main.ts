// `npm run matrix`: tries which driver versions build and load for which kernels, with the registry's own
// planner and steps.

import { type Options, readOptions, USAGE, UsageError } from './options.ts'
import { laidOver, readResults, writeResults } from './results.ts'
import { run } from './run.ts'
import { tableOf, tell } from './table.ts'

async function main(options: Options): Promise<number> {
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const { cells, seen } = await run(options, (cell, found) => console.log(tell(cell, found)))
  console.log(`\n${tableOf(seen)}`)
  if (options.write) await writeResults(laidOver(await readResults(), seen))
  const left = cells.length - seen.length
  if (left > 0) console.log(`${left} of ${cells.length} cells came to no end`)
  return left > 0 || cells.length === 0 ? 1 : 0
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2), process.env))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`matrix: ${error.message}\n${USAGE}`)
  process.exitCode = 2
}
