// Implements the port Images on DynamoDB: one item for each digest and for each tag, in the table of sources.

import type { ImageObject } from '../model/image.ts'
import { digestKey, tagKey } from '../model/keys.ts'
import type { Images } from '../model/ports.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { imageObjectOf, taggedOf } from './item.ts'
import { changing, itemAt, movingTo } from './update.ts'

export function createImages(client: DynamoDb, table: string): Images {
  const keepOne = (digest: string, { mediaType, bytes, object, of, signature }: ImageObject) => {
    const change = changing({ mediaType, bytes, object, signature })
    return client.update({
      ...itemAt(table, digestKey(digest)),
      UpdateExpression: `${change.UpdateExpression} ADD #of :of`,
      ExpressionAttributeNames: { ...change.ExpressionAttributeNames, '#of': 'of' },
      ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ':of': new Set(of) },
    })
  }
  return {
    async find(digest) {
      const key = digestKey(digest)
      const { Item } = await client.get(itemAt(table, key))
      return Item === undefined ? undefined : imageObjectOf(key, Item)
    },
    // One repeatable write for each item. After a crash some items are missing, and the repeated event writes them.
    async keep(objects) {
      await Promise.all(Object.entries(objects).map(([digest, object]) => keepOne(digest, object)))
    },
    async tagged(name, { consistent = false } = {}) {
      const key = tagKey(name)
      const { Item } = await client.get({ ...itemAt(table, key), ConsistentRead: consistent })
      return Item === undefined ? undefined : taggedOf(key, Item)
    },
    move: (name, { number, digest, of }) => {
      const next = movingTo({ number, of, digest }, digest === undefined ? ['digest'] : [])
      return isWritten(client.update({ ...itemAt(table, tagKey(name)), ...next }))
    },
  }
}
