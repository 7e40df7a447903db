// Implements the port Pointers on DynamoDB: one item for each pointer, and one for each kind, which lists the ids.

import { pointerKey } from '../model/keys.ts'
import type { Pointers } from '../model/ports.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { idsOf, pointerOf } from './item.ts'
import { itemAt, movingTo } from './update.ts'

export function createPointers(client: DynamoDb, table: string): Pointers {
  const at = (id: string) => itemAt(table, pointerKey(id))
  const addId = (id: string) =>
    client.update({
      ...at(kindOf(id)),
      UpdateExpression: 'ADD ids :ids',
      ExpressionAttributeValues: { ':ids': new Set([id]) },
    })
  return {
    async read(id, { consistent = false } = {}) {
      const { Item } = await client.get({ ...at(id), ConsistentRead: consistent })
      return Item === undefined ? undefined : pointerOf(pointerKey(id), Item)
    },
    async move(id, { number, date, files }) {
      // A crash after this leaves an id without a pointer; readers of `ids` skip it.
      if (number === 1) await addId(id)
      return isWritten(client.update({ ...at(id), ...movingTo({ number, date, files }) }))
    },
    async ids(kind) {
      const { Item } = await client.get({ ...at(kind), ConsistentRead: true })
      return Item === undefined ? [] : [...idsOf(pointerKey(kind), Item).ids].sort()
    },
  }
}

/** `apt/11.0.0+driver` -> `apt/`. This is also the id of the item that lists the ids, because no repository has an empty name. */
const kindOf = (id: string): string => id.slice(0, id.indexOf('/') + 1)
