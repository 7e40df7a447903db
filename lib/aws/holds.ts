// Implements the port Holds on DynamoDB: one item for each holder in the table of budgets, with its leases and their ends.

import type { Clock, Holds, Lease } from '../model/ports.ts'
import { FURTHEST_LEASE, hasCome } from '../model/retry.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { EXPIRES } from './resources.ts'
import { itemAt } from './update.ts'

/** How long a holder's item stays after its last lease has ended. */
const LIFE_SECONDS = 3600

const HEX = 16

export function createHolds(client: DynamoDb, table: string, now: Clock): Holds {
  const at = (holder: string) => itemAt(table, `holds/${holder}`)
  const free = (holder: string, leases: readonly string[]) =>
    isWritten(
      client.update({
        ...at(holder),
        UpdateExpression: 'DELETE leases :leases',
        // Without this condition, an update of a deleted item would create it again, without an expiry.
        ConditionExpression: 'attribute_exists(leases)',
        ExpressionAttributeValues: { ':leases': new Set(leases) },
      }),
    )
  return {
    async take(holder, lease, limit) {
      // Reads first, so that a caller with too many leases costs no write.
      const { Item } = await client.get(at(holder))
      const leases = Item?.leases instanceof Set ? [...Item.leases].map(String) : []
      const over = leases.filter((written) => hasCome(endOf(written), now(), FURTHEST_LEASE))
      if (leases.length - over.length >= limit) return false
      if (over.length > 0) await free(holder, over)
      return isWritten(
        client.update({
          ...at(holder),
          UpdateExpression: 'ADD leases :leases SET #expires = :expires',
          ConditionExpression: 'attribute_not_exists(leases) OR size(leases) < :limit',
          ExpressionAttributeNames: { '#expires': EXPIRES },
          ExpressionAttributeValues: {
            ':leases': new Set([written(lease)]),
            ':limit': limit,
            ':expires': Math.floor(lease.until / 1000) + LIFE_SECONDS,
          },
        }),
      )
    },
    async release(holder, lease) {
      await free(holder, [written(lease)])
    },
  }
}

/** Short, because a larger item costs more to write. Eight characters of the id distinguish a few hundred leases of a holder. */
const written = ({ id, until }: Lease): string => `${until.toString(HEX)}.${id.slice(0, 8)}`

const endOf = (lease: string): number => Number.parseInt(lease, HEX)
