// Digests of driver sources in DynamoDB, recorded at first use and never changed.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { ProbeError } from '../model/errors.ts'
import { TABLE_KEY } from '../model/keys.ts'
import type { Sources } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'
import { sourceOf } from './item.ts'

export function createSources(client: DynamoDBDocumentClient, table: string): Sources {
  async function recorded(driverVersion: string): Promise<Source | undefined> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: { [TABLE_KEY]: driverVersion }, ConsistentRead: true }),
    )
    return Item === undefined ? undefined : sourceOf(driverVersion, Item)
  }
  return {
    recorded,
    async record(driverVersion, source) {
      const Item = { [TABLE_KEY]: driverVersion, ...source }
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item,
            ConditionExpression: `attribute_not_exists(${TABLE_KEY})`,
          }),
        )
        return source
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error
      }
      const first = await recorded(driverVersion)
      if (first === undefined)
        throw new ProbeError('misconfigured', `the record of driver ${driverVersion} vanished`)
      return first
    },
  }
}
