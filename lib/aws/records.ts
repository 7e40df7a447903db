// What is recorded once in DynamoDB and never changed, digests of driver sources; the one list of the driver versions that
// were found; and how new an archive's lists were.

import { ProbeError } from '../model/errors.ts'
import type { Catalogue, ListDates, Sources } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { catalogueOf, listOf, sourceOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'

/** By driver version, or by what `~linux/` begins, for a kernel's source that was verified. */
export function createSources(client: DynamoDb, table: string): Sources {
  async function recorded(id: string): Promise<Source | undefined> {
    const Key = { [TABLE_KEY]: id }
    const { Item } = await client.get({ TableName: table, Key, ConsistentRead: true })
    return Item === undefined ? undefined : sourceOf(id, Item)
  }
  /** One conditional write: a crash leaves the whole record or none. */
  async function record(id: string, source: Source): Promise<Source> {
    const put = client.put({
      TableName: table,
      Item: { [TABLE_KEY]: id, ...source },
      ConditionExpression: `attribute_not_exists(${TABLE_KEY})`,
    })
    if ((await ifHeld(put)) !== undefined) return source
    const first = await recorded(id)
    if (first !== undefined) return first
    throw new ProbeError('misconfigured', `the record of ${id} in ${table} has vanished`)
  }
  return { recorded, record }
}

/** Milliseconds, at most, between the clocks of two functions. */
const CLOCKS_DIFFER = 60_000

/** Of the table of sources; no driver version begins so. */
const CATALOGUE = '~drivers'

export function createCatalogue(client: DynamoDb, table: string): Catalogue {
  const key = { TableName: table, Key: { [TABLE_KEY]: CATALOGUE } }
  return {
    async read() {
      const { Item } = await client.get(key)
      return Item?.readAt === undefined ? undefined : catalogueOf(CATALOGUE, Item)
    },
    // A crash after it keeps the others off until it ends; an end that lies further ahead is of before the clock was set back.
    async claim(now, until) {
      const claimed = client.update({
        ...key,
        UpdateExpression: 'SET claimedUntil = :until',
        ConditionExpression:
          'attribute_not_exists(claimedUntil) OR claimedUntil <= :now OR claimedUntil > :furthest',
        ExpressionAttributeValues: { ':until': until, ':now': now, ':furthest': until + CLOCKS_DIFFER },
      })
      return (await ifHeld(claimed)) !== undefined
    },
    async write({ versions, readAt }) {
      await client.update({
        ...key,
        UpdateExpression: 'SET versions = :versions, readAt = :readAt REMOVE claimedUntil',
        ExpressionAttributeValues: { ':versions': versions, ':readAt': readAt },
      })
    },
  }
}

/** Of the table of sources, by the names of archive and suite; no driver version begins so. */
const listId = (list: string): string => `~list/${list}`

export function createListDates(client: DynamoDb, table: string): ListDates {
  const keyOf = (list: string) => ({ TableName: table, Key: { [TABLE_KEY]: listId(list) } })
  return {
    async newest(list) {
      const { Item } = await client.get({ ...keyOf(list), ConsistentRead: true })
      return Item === undefined ? undefined : listOf(listId(list), Item).newest
    },
    async seen(list, date) {
      const seen = client.update({
        ...keyOf(list),
        UpdateExpression: 'SET newest = :date',
        ConditionExpression: 'attribute_not_exists(newest) OR newest < :date',
        ExpressionAttributeValues: { ':date': date },
      })
      await ifHeld(seen)
    },
  }
}
