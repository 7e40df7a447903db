// Budgets in DynamoDB: one item a budget, holding the claims that spent from it.

import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { Budgets, Clock } from '../model/ports.ts'
import { ifHeld } from './conditional.ts'
import { EXPIRES, TABLE_KEY } from './resources.ts'

/** A budget is of one day; it is deleted when nobody can spend from it any more. */
const LIFE_SECONDS = 2 * 86_400

export function createBudgets(client: DynamoDBDocumentClient, table: string, now: Clock): Budgets {
  return {
    async spend(budget, claim, limit) {
      const command = new UpdateCommand({
        TableName: table,
        Key: { [TABLE_KEY]: budget },
        // A set of claims, not a counter: a repeated event spends nothing.
        UpdateExpression: 'ADD claims :claims SET #expires = :expires',
        ConditionExpression:
          'attribute_not_exists(claims) OR size(claims) < :limit OR contains(claims, :claim)',
        ExpressionAttributeNames: { '#expires': EXPIRES },
        ExpressionAttributeValues: {
          ':claims': new Set([claim]),
          ':claim': claim,
          ':limit': limit,
          ':expires': Math.floor(now() / 1000) + LIFE_SECONDS,
        },
      })
      return (await ifHeld(client.send(command))) !== undefined
    },
    async giveBack(budget, claim) {
      const command = new UpdateCommand({
        TableName: table,
        Key: { [TABLE_KEY]: budget },
        UpdateExpression: 'DELETE claims :claims',
        // Of nothing that is not there: a budget that is deleted must not come back, to stay.
        ConditionExpression: 'contains(claims, :claim)',
        ExpressionAttributeValues: { ':claims': new Set([claim]), ':claim': claim },
      })
      await ifHeld(client.send(command))
    },
    async exhausted(budget, limit) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { [TABLE_KEY]: budget } }))
      return Item?.claims instanceof Set && Item.claims.size >= limit
    },
  }
}
