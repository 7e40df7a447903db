// Budgets in DynamoDB: one item a budget, holding the claims that spent from it.

import type { Budgets, Clock } from '../model/ports.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { EXPIRES, TABLE_KEY } from './resources.ts'

/** A budget is of one day; it is deleted when nobody can spend from it any more. */
const LIFE_SECONDS = 2 * 86_400

export function createBudgets(client: DynamoDb, table: string, now: Clock): Budgets {
  return {
    async spend(budget, claim, limit, units = 1) {
      if (units > limit) return false
      const spent = client.update({
        TableName: table,
        Key: { [TABLE_KEY]: budget },
        // A set of claims, not a counter: a repeated event spends nothing.
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
      return (await ifHeld(spent)) !== undefined
    },
    async giveBack(budget, claim, units = 1) {
      const given = client.update({
        TableName: table,
        Key: { [TABLE_KEY]: budget },
        UpdateExpression: 'DELETE claims :claims',
        // Of nothing that is not there: a budget that is deleted must not come back, to stay.
        ConditionExpression: 'contains(claims, :claim)',
        ExpressionAttributeValues: { ':claims': claimsOf(claim, units), ':claim': claim },
      })
      await ifHeld(given)
    },
    async exhausted(budget, limit) {
      const { Item } = await client.get({ TableName: table, Key: { [TABLE_KEY]: budget } })
      return Item?.claims instanceof Set && Item.claims.size >= limit
    },
  }
}

/** A unit is a member of the set: the claim itself, and one more for each further unit. */
const claimsOf = (claim: string, units: number): Set<string> =>
  new Set(Array.from({ length: units }, (_, i) => (i === 0 ? claim : `${claim}/${i}`)))
