// Tests the repair of indexes during use, after a process died between the write of index entries and that of their item.

import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { type Dynalite, type IndexedTable, openDynalite } from '../../../local/dynamodb/dynalite.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

const TableName = 'Probes'
const KEYS = [{ AttributeName: 'id', KeyType: 'HASH' }]
const INDEX = {
  IndexName: 'ByDeadline',
  KeySchema: [
    { AttributeName: 'open', KeyType: 'HASH' },
    { AttributeName: 'deadline', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'ALL' },
}
const TABLE = {
  TableName,
  KeySchema: KEYS,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'open', AttributeType: 'S' },
    { AttributeName: 'deadline', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [INDEX],
}
const ITEMS = 2000

const item = (i: number, more: JsonObject = {}): JsonObject => ({
  id: { S: `probe-${i}` },
  ...(i % 2 === 0 ? { open: { S: '1' }, deadline: { N: String(i) } } : {}),
  ...more,
})

async function opened(dir: string): Promise<{ database: Dynalite; table: IndexedTable }> {
  const database = await openDynalite(dir)
  await database.perform('CreateTable', TABLE)
  const description = await active(database)
  const index = {
    name: 'ByDeadline',
    keySchema: INDEX.KeySchema,
    keys: ['open', 'deadline'],
    attributes: undefined,
  }
  return { database, table: { TableName, description, indexes: [index] } }
}

async function active(database: Dynalite): Promise<JsonObject> {
  for (;;) {
    const { body } = await database.perform('DescribeTable', { TableName })
    const found = body.Table as JsonObject
    if (found.TableStatus === 'ACTIVE') return found
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

async function openIds(database: Dynalite): Promise<string[]> {
  const { body } = await database.perform('Query', {
    TableName,
    IndexName: 'ByDeadline',
    KeyConditionExpression: '#open = :open',
    ExpressionAttributeNames: { '#open': 'open' },
    ExpressionAttributeValues: { ':open': { S: '1' } },
  })
  return (body.Items as unknown as { id: { S: string }; note?: { S: string } }[]).map(
    ({ id, note }) => id.S + (note === undefined ? '' : ` ${note.S}`),
  )
}

/** Deletes some entries, deletes the items of some, and leaves some with older values than their item. */
async function breakIndex(dir: string): Promise<void> {
  const { create } = createRequire(import.meta.url)('dynalite/db')
  const { db, lifecycleManager } = create({ path: dir })
  await db.open()
  const entries: [string, JsonObject][] = []
  const prefix = `index-global~${TableName}~ByDeadline~`
  for await (const entry of db.iterator({ gte: prefix, lt: `${prefix}\xff` })) entries.push(entry)
  const items: [string, JsonObject][] = []
  const own = `item-${TableName}~`
  for await (const entry of db.iterator({ gte: own, lt: `${own}\xff` })) items.push(entry)
  await db.batch([
    ...entries.slice(0, 50).map(([key]) => ({ type: 'del', key })),
    ...entries
      .slice(50, 100)
      .map(([key, value]) => ({ type: 'put', key, value: { ...value, note: { S: 'old' } } })),
    ...items.slice(0, 100).map(([key]) => ({ type: 'del', key })),
  ])
  await lifecycleManager.gracefulClose()
}

async function broken(): Promise<string> {
  const dir = temporaryFolder()
  const { database } = await opened(dir)
  for (let i = 0; i < ITEMS; i += 1) await database.perform('PutItem', { TableName, Item: item(i) })
  await database.close()
  await breakIndex(dir)
  return dir
}

async function idsOf(database: Dynalite): Promise<string[]> {
  const { body } = await database.perform('Scan', { TableName })
  return (body.Items as unknown as { id: { S: string }; open?: object; note?: { S: string } }[]).flatMap(
    (found) =>
      found.open === undefined ? [] : [found.id.S + (found.note === undefined ? '' : ` ${found.note.S}`)],
  )
}

test('after a rebuild each entry has its item and each item its entry, even with writes during the rebuild', async () => {
  const { database, table } = await opened(await broken())
  expect((await openIds(database)).sort()).not.toEqual((await idsOf(database)).sort())
  const rebuilt = database.rebuildIndexes(table, new AbortController().signal)
  const writes = Array.from({ length: 300 }, (_, i) => {
    const Key = { id: { S: `probe-${i * 7}` } }
    return i % 3 === 0
      ? database.perform('DeleteItem', { TableName, Key })
      : database.perform('PutItem', { TableName, Item: item(i * 7, { note: { S: `new-${i}` } }) })
  })
  await Promise.all(writes)
  expect(await rebuilt).toBe(true)
  const ids = (await idsOf(database)).sort()
  expect(ids.length).toBeGreaterThan(800)
  expect((await openIds(database)).sort()).toEqual(ids)
  await database.close()
})

test('a stopped rebuild returns false, and the next one finishes', async () => {
  const dir = await broken()
  const { database, table } = await opened(dir)
  const stopping = new AbortController()
  const rebuilt = database.rebuildIndexes(table, stopping.signal)
  stopping.abort()
  expect(await rebuilt).toBe(false)
  expect(await database.rebuildIndexes(table, new AbortController().signal)).toBe(true)
  expect((await openIds(database)).sort()).toEqual((await idsOf(database)).sort())
  await database.close()
})
