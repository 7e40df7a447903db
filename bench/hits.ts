// A hit through the whole local stack against a bare GetItem of the same item, turn by turn.

import { cp } from 'node:fs/promises'
import type { Server } from 'node:http'
import { Agent, get } from 'node:http'
import { createRequire } from 'node:module'
import { DynamoDBClient, GetItemCommand, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'

const dynalite = createRequire(import.meta.url)('dynalite') as (options: { path: string }) => Server

const ROUNDS = 20
const IN_A_ROUND = 50

export interface HitTimes {
  /** milliseconds, medians */
  readonly hit: number
  readonly getItem: number
}

/** `databaseCopy`: where a copy of the stack's database may be made, which a bare dynalite then serves. */
export async function timeHits(
  url: string,
  database: string,
  databaseCopy: string,
  key: string,
): Promise<HitTimes> {
  await cp(database, databaseCopy, { recursive: true })
  const server = dynalite({ path: databaseCopy })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('dynalite has no port')
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${address.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  })
  const table = await tableOf(client, key)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const getItem = async () => {
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: key } } }))
    if (Item === undefined) throw new Error('the item is gone')
  }
  const hits: number[] = []
  const items: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    hits.push(...(await times(() => request(url, agent))))
    items.push(...(await times(getItem)))
  }
  agent.destroy()
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
  return { hit: median(hits), getItem: median(items) }
}

async function tableOf(client: DynamoDBClient, key: string): Promise<string> {
  const { TableNames = [] } = await client.send(new ListTablesCommand())
  for (const table of TableNames) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: table }))
    if (Items.some(({ id }) => id?.S === key)) return table
  }
  throw new Error(`no table holds ${key}`)
}

const request = (url: string, agent: Agent): Promise<void> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.on('end', () =>
        response.statusCode === 307 ? resolve() : reject(new Error(`${response.statusCode}`)),
      )
    }).on('error', reject)
  })

async function times(action: () => Promise<void>): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < IN_A_ROUND; i += 1) {
    const start = performance.now()
    await action()
    all.push(performance.now() - start)
  }
  return all
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
