// Compares a hit through the complete local stack with only a GetItem of the same item, alternately.

import { cp } from 'node:fs/promises'
import type { Server } from 'node:http'
import { Agent, get } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Measure } from './stage.ts'
import { median } from './table.ts'
import { type About, inTurns, rowOf, type Turn } from './turns.ts'

const dynalite = createRequire(import.meta.url)('dynalite') as (options: { path: string }) => Server

const IN_A_ROUND = 300

export const measureHits: Measure = async (stage) => {
  const { registry, path } = await stage.warm()
  const key = decodeURIComponent(path.slice(1))
  const database = join(registry.dataDir, 'dynamodb')
  const databaseCopy = join(stage.folder, 'dynamodb')
  const turns = await timeHits({ url: registry.url + path, database, databaseCopy, key }, stage.rounds)
  const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(2)).join(', ')
  const about: About = {
    ...{ name: 'hit', what: 'hit through the local stack', against: 'a bare GetItem' },
    note: `${list('ours')} ms; GetItem ${list('theirs')} ms`,
  }
  return [rowOf(about, turns)]
}

/**
 * Median milliseconds. `databaseCopy`: path for a copy of the stack's database, which a separate dynalite
 * then serves.
 */
async function timeHits(
  { url, database, databaseCopy, key }: Readonly<Record<'url' | 'database' | 'databaseCopy' | 'key', string>>,
  rounds: number,
): Promise<Turn[]> {
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
  const turns = await inTurns(
    rounds,
    async () => median(await times(() => request(url, agent))),
    async () => median(await times(getItem)),
  )
  agent.destroy()
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
  return turns
}

async function tableOf(client: DynamoDBClient, key: string): Promise<string> {
  const { TableNames = [] } = await client.send(new ListTablesCommand())
  for (const table of TableNames) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: table }))
    if (Items.some(({ id }) => id?.S === key)) return table
  }
  throw new Error(`no table holds ${key}`)
}

/** Sends one hit. Rejects if the response is not a hit. */
export const request = (url: string, agent: Agent): Promise<void> =>
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
