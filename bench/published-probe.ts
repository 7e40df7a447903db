// Serves one published probe from a dynalite in a separate process. Started as a program, this file is that
// process.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createIndex } from '../lib/aws/probe-index.ts'
import { ENV } from '../lib/aws/resources.ts'
import type { Publication, Source } from '../lib/model/probe.ts'
import { startDynamoDb } from '../test/support/aws/dynamodb-lab.ts'

export const KEY = 'driver/0.1.1dev+git20220316.e5c53d64/x86_64/scap_debian_6.1.192-2-amd64_1.ko'
const CLAIM = '0a7e2d3c-1111-4222-8333-444455556666'
export const REGION = 'us-east-1'
export const CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' }

export interface PublishedProbe {
  readonly endpoint: string
  readonly table: string
  /** environment of a function that serves this probe */
  readonly environment: Readonly<Record<string, string>>
  stop(): void
}

/** The gateway's event for a GET of the probe. */
export const EVENT = {
  version: '2.0',
  rawPath: `/${KEY}`,
  rawQueryString: '',
  headers: { host: 'probes.example' },
  requestContext: { http: { method: 'GET', path: `/${KEY}`, sourceIp: '192.0.2.1' } },
  isBase64Encoded: false,
}

export async function startPublishedProbe(): Promise<PublishedProbe> {
  const child = spawn(process.execPath, [import.meta.filename], { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the table's process ended with ${code}`)))
  })
  const { endpoint, table } = JSON.parse(line) as Pick<PublishedProbe, 'endpoint' | 'table'>
  return { endpoint, table, environment: environmentOf(endpoint, table), stop: () => child.stdin.end() }
}

const environmentOf = (endpoint: string, table: string) => ({
  ...Object.fromEntries(Object.values(ENV).map((name) => [name, `the-${name.toLowerCase()}`])),
  [ENV.settings]: '{}',
  [ENV.probesTable]: table,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
})

if (process.argv[1] === import.meta.filename) await serve()

/** Serves until its standard input ends. */
async function serve(): Promise<void> {
  const { endpoint, client, table: newTable, stop } = await startDynamoDb()
  const table = await newTable()
  const index = createIndex(client, table, Date.now)
  const now = Date.now()
  await index.claim(KEY, { id: CLAIM, claimedAt: now, deadline: now + 60_000, caller: '192.0.2.1' })
  if (!(await index.publish(KEY, CLAIM, publicationAt(now)))) throw new Error('the probe is not published')
  console.log(JSON.stringify({ endpoint, table }))
  process.stdin.once('end', stop).resume()
}

/** As large as a Debian probe. */
function publicationAt(now: number): Publication {
  const sha256 = 'a'.repeat(64)
  const source = (name: string): Source => ({
    ...{
      name,
      version: '6.1.192-2',
      url: `https://mirrors.edge.kernel.org/debian/pool/main/l/linux/${name}`,
      sha256,
    },
  })
  return {
    ...{ sha256, bytes: 812_345, objectKey: `${KEY}/${CLAIM}`, publishedAt: now },
    provenance: {
      unameRelease: '6.1.0-56-amd64',
      driverSource: source('falcosecurity-scap-dkms'),
      headers: ['linux-headers-6.1.0-56-amd64', 'linux-headers-6.1.0-56-common', 'linux-kbuild-6.1'].map(
        source,
      ),
      compiler: 'gcc-12',
      compilerVersion: 'gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0',
      root: { id: 'bookworm-gcc-12', digest: sha256, suite: 'bookworm', match: 'text' },
      timings: { fetch: 0.4, unpack: 1.1, prepare: 0.2, make: 5.7 },
    },
  }
}
