// Measures a cold start of the read path: a new process, the import of the bundle, the first answer. The
// first baseline contains only the SDK's DynamoDB client and reads the same item; the second one only
// answers.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { BUNDLING, bundleFunctions } from '../cdk/bundle.ts'
import { EVENT, KEY, startPublishedProbe } from './published-probe.ts'
import type { Measure } from './stage.ts'
import { median } from './table.ts'
import { type About, load, rowOf, type Turn } from './turns.ts'

const IN_A_ROUND = 15

const BUNDLES = ['resolve', 'dynamodb', 'hello'] as const
type Bundle = (typeof BUNDLES)[number]

const SOURCES = {
  dynamodb: `
    import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
    const client = new DynamoDBClient()
    export const handler = async () => {
      const TableName = process.env.PROBES_TABLE
      const { Item } = await client.send(new GetItemCommand({ TableName, Key: { id: { S: ${JSON.stringify(KEY)} } } }))
      return { statusCode: Item === undefined ? 404 : 307 }
    }`,
  hello: `export const handler = async () => ({ statusCode: 307 })`,
}

const WHAT = { name: 'cold-start', what: 'cold start of the read path' } as const
const OF_CLIENT: About = { ...WHAT, against: "a bundle of the SDK's DynamoDB client", goal: { atMost: 1.15 } }
const OF_HELLO: About = { ...WHAT, against: 'hello world' }

export const measureColdStart: Measure = async ({ rounds }) => {
  const probe = await startPublishedProbe()
  const folder = mkdtempSync(join(tmpdir(), 'bench-cold-start-'))
  try {
    bundleFunctions(folder)
    for (const name of ['dynamodb', 'hello'] as const) bundle(folder, name)
    const [client, hello]: [Turn[], Turn[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const { resolve: ours, ...others } = await mediansOf(folder, probe.environment)
      client.push({ ours, theirs: others.dynamodb, load: load() })
      hello.push({ ours, theirs: others.hello, load: load() })
    }
    const kilobytes = (name: Bundle) => Math.round(statSync(fileIn(folder, name)).size / 1000)
    const bundles = BUNDLES.map((name) => `${name} ${kilobytes(name)} KB`).join(', ')
    return [rowOf({ ...OF_CLIENT, note: `bundles: ${bundles}` }, client), rowOf(OF_HELLO, hello)]
  } finally {
    probe.stop()
    rmSync(folder, { recursive: true })
  }
}

const fileIn = (folder: string, name: Bundle): string => join(folder, name, 'index.js')

const ofEach = <T>(value: (name: Bundle) => T): Record<Bundle, T> =>
  Object.fromEntries(BUNDLES.map((name) => [name, value(name)])) as Record<Bundle, T>

/** Bundles a source in the same way as the functions are bundled. */
function bundle(folder: string, name: keyof typeof SOURCES): void {
  const stdin = { contents: SOURCES[name], resolveDir: import.meta.dirname }
  buildSync({ ...BUNDLING, stdin, outfile: fileIn(folder, name) })
  writeFileSync(join(folder, name, 'package.json'), '{"type":"commonjs"}\n')
}

async function mediansOf(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<Bundle, number>> {
  const times = ofEach<number[]>(() => [])
  for (let i = 0; i < IN_A_ROUND; i += 1)
    for (const name of BUNDLES) times[name].push(await startOf(fileIn(folder, name), environment))
  return ofEach((name) => median(times[name]))
}

/** Milliseconds from before the process starts until it ends, which is after the first answer. */
function startOf(file: string, env: Readonly<Record<string, string>>): Promise<number> {
  const script = `require(${JSON.stringify(file)}).handler(${JSON.stringify(EVENT)}, {})
    .then(({ statusCode }) => process.exit(statusCode === 307 ? 0 : 1))`
  const began = performance.now()
  return new Promise((resolve, reject) => {
    spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'inherit', 'inherit'] }).on(
      'exit',
      (code) =>
        code === 0 ? resolve(performance.now() - began) : reject(new Error(`${file} ended with ${code}`)),
    )
  })
}
