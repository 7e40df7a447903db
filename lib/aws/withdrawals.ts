// Published probes that an operator takes back: each stays where it is, and is served to nobody.

import type { Clock } from '../model/ports.ts'
import type { Item } from './attributes.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { TABLE_KEY } from './resources.ts'

export interface Withdrawals {
  /** False: nothing is published under that key. A second reason takes the place of the first. */
  withdraw(key: string, reason: string): Promise<boolean>
  /** Serves it again. False: it was not withdrawn. */
  restore(key: string): Promise<boolean>
}

export function createWithdrawals(client: DynamoDb, table: string, now: Clock): Withdrawals {
  // One conditional write each: a crash leaves the item as it was, or as it was meant.
  const update = async (key: string, expression: string, condition: string, values: Item) =>
    (await ifHeld(
      client.update({
        TableName: table,
        Key: { [TABLE_KEY]: key },
        UpdateExpression: expression,
        ConditionExpression: `#state = :published${condition}`,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':published': 'published', ...values },
      }),
    )) !== undefined
  return {
    withdraw: (key, reason) =>
      update(key, 'SET withdrawn = :withdrawn', '', { ':withdrawn': { reason, at: now() } }),
    restore: (key) => update(key, 'REMOVE withdrawn', ' AND attribute_exists(withdrawn)', {}),
  }
}
