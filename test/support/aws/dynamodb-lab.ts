// Runs dynalite on loopback, in memory: empty tables with the keys that lib/model/keys.ts names.

import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import {
  type AttributeDefinition,
  CreateTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { createDynamoDb } from '../../../lib/aws/dynamodb.ts'
import { type Call, createCall, DYNAMODB } from '../../../lib/aws/json-api.ts'
import {
  OVERDUE_INDEX,
  OVERDUE_PARTITION,
  OVERDUE_SORT,
  RELEASE_INDEX,
  RELEASE_PARTITION,
  TABLE_KEY,
} from '../../../lib/aws/resources.ts'

const dynalite = createRequire(import.meta.url)('dynalite') as (options: object) => Server

export async function startDynamoDb() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  const region = 'us-east-1'
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' }
  const plain = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 })
  const calls: Sent[] = []
  const call = createCall(DYNAMODB, { endpoint, region, credentials: async () => credentials, now: Date.now })
  const recorded: Call = (operation, input) => {
    calls.push({ operation, input })
    return call(operation, input)
  }
  let tables = 0
  return {
    endpoint,
    /** the SDK's own */
    plain,
    client: createDynamoDb(recorded),
    /** all requests of the client */
    calls,
    /** Resolves to the name of a new empty table. */
    table: async (): Promise<string> => {
      const TableName = `table-${++tables}`
      await plain.send(new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', ...SCHEMA }))
      await waitUntilTableExists(
        { client: plain, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 },
        { TableName },
      )
      return TableName
    },
    stop: async () => {
      plain.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type DynamoDbLab = Awaited<ReturnType<typeof startDynamoDb>>

interface Sent {
  readonly operation: string
  readonly input: object
}

/** The requests that the client sends during `act`. */
export async function sentBy({ calls }: DynamoDbLab, act: () => Promise<unknown>): Promise<readonly Sent[]> {
  const before = calls.length
  await act()
  return calls.slice(before)
}

const attribute = (AttributeName: string, AttributeType: 'S' | 'N'): AttributeDefinition => ({
  AttributeName,
  AttributeType,
})
const overdue: GlobalSecondaryIndex = {
  IndexName: OVERDUE_INDEX,
  KeySchema: [
    { AttributeName: OVERDUE_PARTITION, KeyType: 'HASH' },
    { AttributeName: OVERDUE_SORT, KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'ALL' },
}
const byRelease: GlobalSecondaryIndex = {
  IndexName: RELEASE_INDEX,
  KeySchema: [
    { AttributeName: RELEASE_PARTITION, KeyType: 'HASH' },
    { AttributeName: TABLE_KEY, KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'ALL' },
}
const SCHEMA = {
  AttributeDefinitions: [
    attribute(TABLE_KEY, 'S'),
    attribute(OVERDUE_PARTITION, 'S'),
    attribute(RELEASE_PARTITION, 'S'),
    attribute(OVERDUE_SORT, 'N'),
  ],
  KeySchema: [{ AttributeName: TABLE_KEY, KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [overdue, byRelease],
}
