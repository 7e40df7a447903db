// Withdraws and restores published probes. The objects of a withdrawn probe stay, but the registry does not serve them.

import type { Clock } from '../model/ports.ts'
import type { Item } from './attributes.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { itemAt } from './update.ts'

export interface Withdrawals {
  /** False: no probe is published under that key. A second call replaces the reason. */
  withdraw(key: string, reason: string): Promise<boolean>
  /** Serves the probe again. False: it was not withdrawn. */
  restore(key: string): Promise<boolean>
}

export function createWithdrawals(client: DynamoDb, table: string, now: Clock): Withdrawals {
  // One conditional write for each call: a crash leaves the old item or the new one.
  const update = (key: string, expression: string, condition: string, values: Item) =>
    isWritten(
      client.update({
        ...itemAt(table, key),
        UpdateExpression: expression,
        ConditionExpression: `#state = :published${condition}`,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':published': 'published', ...values },
      }),
    )
  return {
    withdraw: (key, reason) =>
      update(key, 'SET withdrawn = :withdrawn', '', { ':withdrawn': { reason, at: now() } }),
    restore: (key) => update(key, 'REMOVE withdrawn', ' AND attribute_exists(withdrawn)', {}),
  }
}
