// What repositories of packages show, in DynamoDB: one item each, beside the digests of sources, and one that names them.

import { pointerKey } from '../model/keys.ts'
import type { Pointers } from '../model/ports.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { idsOf, pointerOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'

export function createPointers(client: DynamoDb, table: string): Pointers {
  const keyed = (key: string) => ({ TableName: table, Key: { [TABLE_KEY]: key } })
  const name = (id: string) =>
    client.update({
      ...keyed(namesKey(kindOf(id))),
      UpdateExpression: 'ADD ids :ids',
      ExpressionAttributeValues: { ':ids': new Set([id]) },
    })
  return {
    async read(id, { consistent = false } = {}) {
      const { Item } = await client.get({ ...keyed(pointerKey(id)), ConsistentRead: consistent })
      return Item === undefined ? undefined : pointerOf(pointerKey(id), Item)
    },
    async move(id, { number, date, files }) {
      const isFirst = number === 1
      // A crash after it leaves a name of nothing, which whoever goes through the names passes over.
      if (isFirst) await name(id)
      const moved = client.update({
        ...keyed(pointerKey(id)),
        UpdateExpression: 'SET #number = :number, #date = :date, #files = :files',
        ConditionExpression: isFirst ? 'attribute_not_exists(#number)' : '#number = :before',
        ExpressionAttributeNames: { '#number': 'number', '#date': 'date', '#files': 'files' },
        ExpressionAttributeValues: {
          ...{ ':number': number, ':date': date, ':files': files },
          ...(isFirst ? {} : { ':before': number - 1 }),
        },
      })
      return (await ifHeld(moved)) !== undefined
    },
    async ids(kind) {
      const { Item } = await client.get({ ...keyed(namesKey(kind)), ConsistentRead: true })
      return Item === undefined ? [] : [...idsOf(namesKey(kind), Item).ids].sort()
    },
  }
}

/** No repository has an empty name. */
const namesKey = (kind: string): string => pointerKey(kind)
const kindOf = (id: string): string => id.slice(0, id.indexOf('/') + 1)
