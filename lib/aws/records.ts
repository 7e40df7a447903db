// What is recorded once in DynamoDB and never changed: digests of driver sources, and kernels that hosts submitted; and
// the one list of the driver versions that were found.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { ProbeError } from '../model/errors.ts'
import { decodeKernel, encodeKernel } from '../model/kernel.ts'
import type { Catalogue, Kernels, Sources } from '../model/ports.ts'
import { catalogueOf, sourceOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'

/** By driver version, or by the id of another archive. */
export const createSources = (client: DynamoDBDocumentClient, table: string): Sources =>
  records(client, table, { encode: (source) => ({ ...source }), decode: sourceOf })

/** By `recordId`. */
export const createKernels = (client: DynamoDBDocumentClient, table: string): Kernels =>
  records(client, table, {
    encode: (kernel) => ({ kernel: encodeKernel(kernel) }),
    decode: (_, item) => decodeKernel(String(item.kernel)),
  })

/** Of the table of sources; no driver version begins so. */
const CATALOGUE = '~drivers'

export function createCatalogue(client: DynamoDBDocumentClient, table: string): Catalogue {
  const key = { TableName: table, Key: { [TABLE_KEY]: CATALOGUE } }
  return {
    async read() {
      const { Item } = await client.send(new GetCommand(key))
      return Item?.readAt === undefined ? undefined : catalogueOf(CATALOGUE, Item)
    },
    // A crash after it keeps the others off until it ends.
    async claim(now, until) {
      const command = new UpdateCommand({
        ...key,
        UpdateExpression: 'SET claimedUntil = :until',
        ConditionExpression: 'attribute_not_exists(claimedUntil) OR claimedUntil <= :now',
        ExpressionAttributeValues: { ':until': until, ':now': now },
      })
      try {
        await client.send(command)
        return true
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false
        throw error
      }
    },
    async write({ versions, readAt }) {
      await client.send(
        new UpdateCommand({
          ...key,
          UpdateExpression: 'SET versions = :versions, readAt = :readAt REMOVE claimedUntil',
          ExpressionAttributeValues: { ':versions': versions, ':readAt': readAt },
        }),
      )
    },
  }
}

type Item = Readonly<Record<string, unknown>>

interface Codec<T> {
  readonly encode: (value: T) => Item
  /** ProbeError `misconfigured` */
  readonly decode: (id: string, item: Item) => T
}

function records<T>(client: DynamoDBDocumentClient, table: string, { encode, decode }: Codec<T>) {
  async function recorded(id: string): Promise<T | undefined> {
    const Key = { [TABLE_KEY]: id }
    const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))
    return Item === undefined ? undefined : decode(id, Item)
  }
  /** Resolves to what is on record afterwards. One conditional write: a crash leaves the whole record or none. */
  async function record(id: string, value: T): Promise<T> {
    const command = new PutCommand({
      TableName: table,
      Item: { [TABLE_KEY]: id, ...encode(value) },
      ConditionExpression: `attribute_not_exists(${TABLE_KEY})`,
    })
    try {
      await client.send(command)
      return value
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
    }
    const first = await recorded(id)
    if (first !== undefined) return first
    throw new ProbeError('misconfigured', `the record of ${id} in ${table} has vanished`)
  }
  return { recorded, record }
}
