// Implements the ports Sources, Catalogue and ListDates on one table in DynamoDB.

import { ProbeError } from '../model/errors.ts'
import type { Catalogue, ListDates, Sources } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'
import { ifHeld, isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { catalogueOf, listOf, sourceOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'
import { itemAt } from './update.ts'

/** An id is a driver version, or `~linux/...` for the verified source of a kernel. */
export function createSources(client: DynamoDb, table: string): Sources {
  async function recorded(id: string): Promise<Source | undefined> {
    const { Item } = await client.get({ ...itemAt(table, id), ConsistentRead: true })
    return Item === undefined ? undefined : sourceOf(id, Item)
  }
  /** One conditional write: a crash leaves the complete record or no record. */
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

/** Limit of the difference between the clocks of two functions, in milliseconds. */
const CLOCKS_DIFFER = 60_000

/** Id of the list of driver versions in the table of sources. No driver version begins with `~`. */
const CATALOGUE = '~drivers'

export function createCatalogue(client: DynamoDb, table: string): Catalogue {
  const item = itemAt(table, CATALOGUE)
  return {
    async read() {
      const { Item } = await client.get(item)
      return Item?.readAt === undefined ? undefined : catalogueOf(CATALOGUE, Item)
    },
    // A crash after this write blocks others until `until`. Ignores a later end, because it was written before the clock was set
    // back.
    async claim(now, until) {
      const claimed = client.update({
        ...item,
        UpdateExpression: 'SET claimedUntil = :until',
        ConditionExpression:
          'attribute_not_exists(claimedUntil) OR claimedUntil <= :now OR claimedUntil > :furthest',
        ExpressionAttributeValues: { ':until': until, ':now': now, ':furthest': until + CLOCKS_DIFFER },
      })
      return isWritten(claimed)
    },
    async write({ versions, readAt }) {
      await client.update({
        ...item,
        UpdateExpression: 'SET versions = :versions, readAt = :readAt REMOVE claimedUntil',
        ExpressionAttributeValues: { ':versions': versions, ':readAt': readAt },
      })
    },
  }
}

/** Id of an archive's list in the table of sources. `list`: archive and suite. No driver version begins with `~`. */
const listId = (list: string): string => `~list/${list}`

export function createListDates(client: DynamoDb, table: string): ListDates {
  const at = (list: string) => itemAt(table, listId(list))
  return {
    async newest(list) {
      const { Item } = await client.get({ ...at(list), ConsistentRead: true })
      return Item === undefined ? undefined : listOf(listId(list), Item).newest
    },
    async seen(list, date) {
      const seen = client.update({
        ...at(list),
        UpdateExpression: 'SET newest = :date',
        ConditionExpression: 'attribute_not_exists(newest) OR newest < :date',
        ExpressionAttributeValues: { ':date': date },
      })
      await ifHeld(seen)
    },
  }
}
