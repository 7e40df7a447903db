// Tests holds in DynamoDB: their cost, and that none of their items stay.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHolds } from '../../../lib/aws/holds.ts'
import { EXPIRES, TABLE_KEY } from '../../../lib/aws/resources.ts'
import { type DynamoDbLab, sentBy, startDynamoDb } from '../../support/aws/dynamodb-lab.ts'

const NOW = Date.UTC(2026, 10, 23)

let lab: DynamoDbLab
let table: string
beforeAll(async () => {
  lab = await startDynamoDb()
  table = await lab.table()
})
afterAll(() => lab.stop())

const lease = (i: number) => ({ id: `0000000${i}-0000`, until: NOW + 60_000 })
const itemOf = async (holder: string) =>
  (await lab.client.get({ TableName: table, Key: { [TABLE_KEY]: `holds/${holder}` } })).Item

test('a holder at its limit costs a read and no write', async () => {
  const holds = createHolds(lab.client, table, () => NOW)
  await holds.take('a', lease(1), 1)
  const sent = await sentBy(lab, async () => {
    expect(await holds.take('a', lease(2), 1)).toBe(false)
  })
  expect(sent.map(({ operation }) => operation)).toEqual(['GetItem'])
})

test('an item expires an hour after its last lease, and a release without an item creates none', async () => {
  const holds = createHolds(lab.client, table, () => NOW)
  await holds.take('b', lease(1), 5)
  expect((await itemOf('b'))?.[EXPIRES]).toBe(NOW / 1000 + 60 + 3600)
  await holds.release('c', lease(1))
  expect(await itemOf('c')).toBeUndefined()
})
