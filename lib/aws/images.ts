// What the registry of images has, in DynamoDB: an item for each digest and for each tag, beside the pointers of repositories.

import type { ImageObject } from '../model/image.ts'
import { digestKey, tagKey } from '../model/keys.ts'
import type { Images } from '../model/ports.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { imageObjectOf, taggedOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'

export function createImages(client: DynamoDb, table: string): Images {
  const keyed = (key: string) => ({ TableName: table, Key: { [TABLE_KEY]: key } })
  const keepOne = (digest: string, { mediaType, bytes, object, of, signature }: ImageObject) =>
    client.update({
      ...keyed(digestKey(digest)),
      UpdateExpression: `SET #mediaType = :mediaType, #bytes = :bytes, #object = :object${signature === undefined ? '' : ', #signature = :signature'} ADD #of :of`,
      ExpressionAttributeNames: {
        ...{ '#mediaType': 'mediaType', '#bytes': 'bytes', '#object': 'object', '#of': 'of' },
        ...(signature === undefined ? {} : { '#signature': 'signature' }),
      },
      ExpressionAttributeValues: {
        ...{ ':mediaType': mediaType, ':bytes': bytes, ':object': object, ':of': new Set(of) },
        ...(signature === undefined ? {} : { ':signature': signature }),
      },
    })
  return {
    async find(digest) {
      const key = digestKey(digest)
      const { Item } = await client.get(keyed(key))
      return Item === undefined ? undefined : imageObjectOf(key, Item)
    },
    // Each is one write that may be repeated: a crash leaves some of the items as they were.
    async keep(objects) {
      await Promise.all(Object.entries(objects).map(([digest, object]) => keepOne(digest, object)))
    },
    async tagged(name, { consistent = false } = {}) {
      const key = tagKey(name)
      const { Item } = await client.get({ ...keyed(key), ConsistentRead: consistent })
      return Item === undefined ? undefined : taggedOf(key, Item)
    },
    async move(name, { number, digest, of }) {
      const isFirst = number === 1
      const moved = client.update({
        ...keyed(tagKey(name)),
        UpdateExpression: `SET #number = :number, #of = :of${digest === undefined ? ' REMOVE' : ','} #digest${digest === undefined ? '' : ' = :digest'}`,
        ConditionExpression: isFirst ? 'attribute_not_exists(#number)' : '#number = :before',
        ExpressionAttributeNames: { '#number': 'number', '#of': 'of', '#digest': 'digest' },
        ExpressionAttributeValues: {
          ...{ ':number': number, ':of': of },
          ...(digest === undefined ? {} : { ':digest': digest }),
          ...(isFirst ? {} : { ':before': number - 1 }),
        },
      })
      return (await ifHeld(moved)) !== undefined
    },
  }
}
