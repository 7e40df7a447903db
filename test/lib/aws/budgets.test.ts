// A budget in DynamoDB is deleted by its time to live.

import { expect, test } from 'vitest'
import { createBudgets } from '../../../lib/aws/budgets.ts'
import { EXPIRES, TABLE_KEY } from '../../../lib/aws/resources.ts'
import { startDynamoDb } from '../../support/aws/dynamodb-lab.ts'

test('a budget expires two days after its last use, in seconds', async () => {
  const lab = await startDynamoDb()
  const table = await lab.table()
  let now = Date.UTC(2026, 10, 23)
  const budgets = createBudgets(lab.client, table, () => now)
  const expires = async () => {
    const { Item } = await lab.client.get({ TableName: table, Key: { [TABLE_KEY]: 'b' } })
    return Item?.[EXPIRES]
  }
  await budgets.spend('b', 'one', 1)
  expect(await expires()).toBe(Date.UTC(2026, 10, 25) / 1000)
  now += 1500
  await budgets.spend('b', 'one', 1)
  expect(await expires()).toBe(Date.UTC(2026, 10, 25) / 1000 + 1)
  now += 1500
  expect(await budgets.spend('b', 'two', 1)).toBe(false)
  expect(await expires()).toBe(Date.UTC(2026, 10, 25) / 1000 + 1)
  await lab.stop()
})
