// Implements the port Budgets on DynamoDB: one item for each budget, with the claims that spent from it.

import type { Budgets, Clock } from '../model/ports.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { EXPIRES } from './resources.ts'
import { itemAt } from './update.ts'

/** A budget is for one day. DynamoDB deletes it when nobody can spend from it any more. */
const LIFE_SECONDS = 2 * 86_400

export function createBudgets(client: DynamoDb, table: string, now: Clock): Budgets {
  return {
    async spend(budget, claim, limit, units = 1) {
      if (units > limit) return false
      const spent = client.update({
        ...itemAt(table, budget),
        // A set of claims and not a counter, so that a repeated event spends nothing.
        UpdateExpression: 'ADD claims :claims SET #expires = :expires',
        ConditionExpression:
          'attribute_not_exists(claims) OR size(claims) <= :room OR contains(claims, :claim)',
        ExpressionAttributeNames: { '#expires': EXPIRES },
        ExpressionAttributeValues: {
          ':claims': claimsOf(claim, units),
          ':claim': claim,
          ':room': limit - units,
          ':expires': Math.floor(now() / 1000) + LIFE_SECONDS,
        },
      })
      return isWritten(spent)
    },
    async giveBack(budget, claim, units = 1) {
      const given = client.update({
        ...itemAt(table, budget),
        UpdateExpression: 'DELETE claims :claims',
        // Without this condition, an update of a deleted budget would create it again, without an expiry.
        ConditionExpression: 'contains(claims, :claim)',
        ExpressionAttributeValues: { ':claims': claimsOf(claim, units), ':claim': claim },
      })
      await isWritten(given)
    },
    async exhausted(budget, limit) {
      const { Item } = await client.get(itemAt(table, budget))
      return Item?.claims instanceof Set && Item.claims.size >= limit
    },
  }
}

/** Each unit is one member of the set: the claim for the first unit, `{claim}/{n}` for further ones. */
const claimsOf = (claim: string, units: number): Set<string> =>
  new Set(Array.from({ length: units }, (_, i) => (i === 0 ? claim : `${claim}/${i}`)))
