// `npm run bench`: compares the registry with the minimum work and with alternatives, and prints a table of
// ratios. `-- --only NAME` runs only the rows of one name. `-- --write` stores the result in bench/results
// and docs/performance.md.

import { chmod } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { scratch } from '../test/support/registry/registry.ts'
import { measureIndexes } from './big-index.ts'
import { measureColdStart } from './cold-start.ts'
import { measureCost } from './cost.ts'
import { measureCrowds } from './crowd.ts'
import { measureDoor } from './door.ts'
import { measureHandler } from './handler.ts'
import { measureHits } from './hits.ts'
import { measureLoadTest } from './load-test.ts'
import { measureDrivers, measureFlavours } from './many.ts'
import { measureMemory } from './memory.ts'
import { measureMiss } from './miss.ts'
import { measureNames } from './names.ts'
import { measureBytes, measureHttp } from './over-http.ts'
import { measurePackages } from './packages.ts'
import { writeResult } from './results.ts'
import { measureRoots } from './roots.ts'
import { type Measure, openStage, type Stage } from './stage.ts'
import { measureSubmissions } from './submissions.ts'
import { type Result, type Row, textOf } from './table.ts'

const ROUNDS = '3'

/** In the order of the table. */
const PARTS: Readonly<Record<string, Measure>> = {
  handler: measureHandler,
  'cold-start': measureColdStart,
  hit: measureHits,
  http: measureHttp,
  bytes: measureBytes,
  miss: measureMiss,
  drivers: measureDrivers,
  flavours: measureFlavours,
  submitted: measureSubmissions,
  load: measureLoadTest,
  memory: measureMemory,
  names: measureNames,
  cost: measureCost,
}
/** These take minutes each. */
const APART: Readonly<Record<string, Measure>> = {
  roots: measureRoots,
  crowd: measureCrowds,
  index: measureIndexes,
  door: measureDoor,
  packages: measurePackages,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: ROUNDS },
  },
})
const parts = partsOf(values.only)
const work = await scratch()
// Builds run as a separate user, who must reach the roots in this folder.
await chmod(work.dir, 0o711)
const stage = openStage(work.dir, Number(values.rounds))
try {
  const began = performance.now()
  const rows: Row[] = []
  for (const [name, measure] of parts) rows.push(...(await rowsOf(name, measure, stage)))
  const result = resultOf(rows, (performance.now() - began) / 60_000)
  console.log(textOf(result))
  if (values.write) await writeResult(values.only, result)
} finally {
  await stage.close()
  await work.remove()
}

function partsOf(only: string | undefined): [string, Measure][] {
  if (only === undefined) return Object.entries(PARTS)
  const measure = PARTS[only] ?? APART[only]
  if (measure !== undefined) return [[only, measure]]
  const names = [...Object.keys(PARTS), ...Object.keys(APART)].join(', ')
  throw new Error(`npm run bench -- --only NAME has these: ${names}`)
}

/** If a measurement fails, its row contains the reason, and the others still run. */
async function rowsOf(name: string, measure: Measure, stage: Stage): Promise<readonly Row[]> {
  console.error(`bench: ${name}`)
  const began = performance.now()
  try {
    const rows = await measure(stage)
    console.error(`bench: ${name} took ${((performance.now() - began) / 1000).toFixed(0)} s`)
    return rows
  } catch (error) {
    console.error(error)
    process.exitCode = 1
    const [why] = String(error).split('\n')
    return [{ name, what: name, against: '', ratios: [], loads: [], note: `failed: ${why}` }]
  }
}

function resultOf(rows: Row[], minutes: number): Result {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      gigabytes: Math.round(totalmem() / 1e9),
    },
    minutes: Math.round(minutes * 10) / 10,
    rows,
  }
}
