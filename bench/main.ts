// `npm run bench`: what the registry costs beside the bare work and beside what a user would run instead, as one table of
// ratios. `-- --only NAME`: the rows of one name. `-- --write`: kept in bench/results, and shown in docs/performance.md.

import { chmod } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { scratch } from '../test/support/registry/registry.ts'
import { measureMiss } from './miss.ts'
import { measureBytes, measureHttp } from './over-http.ts'
import { type Measure, openStage } from './stage.ts'
import { type Result, type Row, textOf } from './table.ts'

const ROUNDS = 3

/** In the order of the table. */
const PARTS: Readonly<Record<string, Measure>> = {
  http: measureHttp,
  bytes: measureBytes,
  miss: measureMiss,
}
const [, only = ''] = process.argv.slice(2)
const work = await scratch()
await chmod(work.dir, 0o711)
const stage = openStage(work.dir, Number(process.env.ROUNDS ?? ROUNDS))
const began = Date.now()
try {
  const rows: Row[] = [...(await PARTS[only]!(stage))]
  const [cpu] = cpus()
  const result: Result = {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpu?.model ?? '', cores: cpus().length, gigabytes: Math.round(totalmem() / 1e9) },
    minutes: (Date.now() - began) / 60_000,
    rows,
  }
  console.log(textOf(result))
} finally {
  await stage.close()
  await work.remove()
}
