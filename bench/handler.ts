// Compares a hit in the handler, in this process, with its minimum work: one GetItem and one presigned URL.
// The measurements alternate, on the same item in the same table.

import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sha256 } from '@aws-crypto/sha256-js'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'
import { bundleFunctions } from '../cdk/bundle.ts'
import { createDynamoDb } from '../lib/aws/dynamodb.ts'
import { createCall, DYNAMODB } from '../lib/aws/json-api.ts'
import { createPresigner } from '../lib/aws/presign.ts'
import {
  CREDENTIALS,
  EVENT,
  KEY,
  type PublishedProbe,
  REGION,
  startPublishedProbe,
} from './published-probe.ts'
import type { Measure } from './stage.ts'
import { median } from './table.ts'
import { type About, load, rowOf, type Turn } from './turns.ts'

const IN_A_ROUND = 1000
const WARM_UP = 1000

const WHAT = { name: 'handler', what: 'hit in the handler, in process' } as const
const OF_OWN: About = {
  ...WHAT,
  against: 'GetItem and one presign, by the same client',
  goal: { atMost: 1.3 },
}
const OF_SDK: About = { ...WHAT, against: "the same by the SDK's client and presigner" }

type Work = () => Promise<unknown>

export const measureHandler: Measure = async ({ rounds }) => {
  const probe = await startPublishedProbe()
  const bundles = mkdtempSync(join(tmpdir(), 'bench-handler-'))
  try {
    bundleFunctions(bundles)
    Object.assign(process.env, probe.environment)
    const works = { handler: handlerIn(bundles), bare: bare(probe), sdk: bySdk(probe) }
    for (let i = 0; i < WARM_UP; i += 1) for (const work of Object.values(works)) await work()
    const [own, sdk]: [Turn[], Turn[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const { handler: ours, bare, sdk: theirs } = await mediansOf(works)
      own.push({ ours, theirs: bare, load: load() })
      sdk.push({ ours, theirs, load: load() })
    }
    return [rowOf(OF_OWN, own), rowOf(OF_SDK, sdk)]
  } finally {
    probe.stop()
    rmSync(bundles, { recursive: true })
  }
}

function handlerIn(bundles: string): Work {
  const require = createRequire(import.meta.url)
  const { handler } = require(join(bundles, 'resolve')) as {
    handler: (event: unknown, context: object) => Promise<{ statusCode: number }>
  }
  return async () => {
    const { statusCode } = await handler(EVENT, {})
    if (statusCode !== 307) throw new Error(`a hit was answered with ${statusCode}`)
  }
}

function bare({ endpoint, table }: PublishedProbe): Work {
  const common = { region: REGION, credentials: async () => CREDENTIALS, now: Date.now }
  const client = createDynamoDb(createCall(DYNAMODB, { ...common, endpoint }))
  const urls = createPresigner({ ...common, endpoint: undefined, bucket: 'artifacts' })
  return async () => {
    const { Item } = await client.get({ TableName: table, Key: { id: KEY } })
    return urls.get(String(Item?.objectKey), { expiresSeconds: 300, fileName: 'probe.ko' })
  }
}

function bySdk({ endpoint, table }: PublishedProbe): Work {
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })
  const signer = new SignatureV4({
    ...{ service: 's3', region: REGION, credentials: CREDENTIALS, sha256: Sha256 },
    ...{ uriEscapePath: false, applyChecksum: false },
  })
  const host = `artifacts.s3.${REGION}.amazonaws.com`
  return async () => {
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: KEY } } }))
    const to = { method: 'GET', protocol: 'https:', hostname: host, path: `/${Item?.objectKey?.S}` }
    const query = { 'response-content-disposition': 'attachment; filename="probe.ko"' }
    return signer.presign({ ...to, query, headers: { host } }, { expiresIn: 300 })
  }
}

async function mediansOf<Name extends string>(
  works: Readonly<Record<Name, Work>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(works) as Name[]
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let i = 0; i < IN_A_ROUND; i += 1) {
    for (const name of names) {
      const start = performance.now()
      await works[name]()
      times[name].push(performance.now() - start)
    }
  }
  const medians = names.map((name) => [name, median(times[name])])
  return Object.fromEntries(medians) as Record<Name, number>
}
