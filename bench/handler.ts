// A hit in the handler, in this process, against its bare work: one GetItem and one presigned URL. Turn by turn, of the same
// item in the same table.

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

const ROUNDS = 3
const IN_A_ROUND = 1000
const WARM_UP = 1000

export interface HandlerRatios {
  /** of each round: the handler's median against that of the bare work by the handler's own client and presigner */
  readonly ratios: readonly number[]
  /** the same against the SDK's client and presigner */
  readonly ofSdk: readonly number[]
}

type Work = () => Promise<unknown>

export async function measureHandler(): Promise<HandlerRatios> {
  const probe = await startPublishedProbe()
  const bundles = mkdtempSync(join(tmpdir(), 'bench-handler-'))
  try {
    bundleFunctions(bundles)
    Object.assign(process.env, probe.environment)
    const works = { handler: handlerIn(bundles), bare: bare(probe), sdk: bySdk(probe) }
    for (let i = 0; i < WARM_UP; i += 1) for (const work of Object.values(works)) await work()
    const rounds: Record<keyof typeof works, number>[] = []
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await mediansOf(works))
    return {
      ratios: rounds.map(({ handler, bare }) => handler / bare),
      ofSdk: rounds.map(({ handler, sdk }) => handler / sdk),
    }
  } finally {
    probe.stop()
    rmSync(bundles, { recursive: true })
  }
}

function handlerIn(bundles: string): Work {
  const load = createRequire(import.meta.url)
  const { handler } = load(join(bundles, 'resolve')) as {
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

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
