// Holds in DynamoDB, beside the budgets: one item a holder, with its leases and when each ends.

import type { Clock, Holds, Lease } from '../model/ports.ts'
import { FURTHEST_LEASE, hasCome } from '../model/retry.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { EXPIRES, TABLE_KEY } from './resources.ts'

/** How long the item of a holder stays that holds nothing any more. */
const LIFE_SECONDS = 3600

const HEX = 16

export function createHolds(client: DynamoDb, table: string, now: Clock): Holds {
  const keyOf = (holder: string) => ({ TableName: table, Key: { [TABLE_KEY]: `holds/${holder}` } })
  const update = async (input: Parameters<DynamoDb['update']>[0]): Promise<boolean> =>
    (await ifHeld(client.update(input))) !== undefined
  const free = (holder: string, leases: readonly string[]) =>
    update({
      ...keyOf(holder),
      UpdateExpression: 'DELETE leases :leases',
      // Without it an item that has expired would come back, and stay.
      ConditionExpression: 'attribute_exists(leases)',
      ExpressionAttributeValues: { ':leases': new Set(leases) },
    })
  return {
    async take(holder, lease, limit) {
      // A look first: who has too many already costs no write.
      const { Item } = await client.get(keyOf(holder))
      const leases = Item?.leases instanceof Set ? [...Item.leases].map(String) : []
      const over = leases.filter((written) => hasCome(endOf(written), now(), FURTHEST_LEASE))
      if (leases.length - over.length >= limit) return false
      if (over.length > 0) await free(holder, over)
      return update({
        ...keyOf(holder),
        UpdateExpression: 'ADD leases :leases SET #expires = :expires',
        ConditionExpression: 'attribute_not_exists(leases) OR size(leases) < :limit',
        ExpressionAttributeNames: { '#expires': EXPIRES },
        ExpressionAttributeValues: {
          ':leases': new Set([written(lease)]),
          ':limit': limit,
          ':expires': Math.floor(lease.until / 1000) + LIFE_SECONDS,
        },
      })
    },
    async release(holder, lease) {
      await free(holder, [written(lease)])
    },
  }
}

/** Short, since each write of the item costs by all that is in it; the ids of one holder's hundreds need no more. */
const written = ({ id, until }: Lease): string => `${until.toString(HEX)}.${id.slice(0, 8)}`

const endOf = (lease: string): number => Number.parseInt(lease, HEX)
