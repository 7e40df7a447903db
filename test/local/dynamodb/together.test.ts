// Tests that an item and its index entries reach the disk in one write, and that no Query or Scan leaves an iterator open.

import { createRequire } from 'node:module'
import { describe, expect, test, vi } from 'vitest'
import { closeIterators, type Dynalite, openDynalite } from '../../../local/dynamodb/dynalite.ts'
import type { Operation } from '../../../local/dynamodb/together.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

const TableName = 'Probes'
const INDEX = {
  IndexName: 'ByRelease',
  KeySchema: [
    { AttributeName: 'release', KeyType: 'HASH' },
    { AttributeName: 'id', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'ALL' },
}
const TABLE = {
  TableName,
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'release', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [INDEX],
}

interface Level {
  on(event: 'write', hear: (operations: readonly Operation[]) => void): void
  values(options?: object): { next(): Promise<unknown>; close(): Promise<void> }
  keys(options?: object): { next(): Promise<unknown>; close(): Promise<void> }
  open(): Promise<void>
  createValueStream(options?: object): NodeJS.ReadableStream
}
const internals = createRequire(import.meta.url)('dynalite/db') as {
  create(options: object): { db: Level; lifecycleManager: { gracefulClose(): Promise<void> } }
}

/** Each write of a database to the disk while `use` uses it. */
async function writesOf(use: (database: Dynalite) => Promise<void>): Promise<string[][]> {
  const writes: string[][] = []
  const create = internals.create
  internals.create = (options) => {
    const store = create(options)
    store.db.on('write', (operations) => {
      // The table itself, which becomes active some time after its creation.
      if (operations.every(({ key }) => key.startsWith('table~'))) return
      writes.push(operations.map(({ type, key }) => `${type} ${key.replace(/~.*/s, '')}`).sort())
    })
    return store
  }
  try {
    const database = await openDynalite(temporaryFolder())
    await database.perform('CreateTable', TABLE)
    await until(database)
    writes.length = 0
    await use(database)
    await database.close()
    return writes
  } finally {
    internals.create = create
  }
}

async function until(database: Dynalite): Promise<void> {
  for (;;) {
    const { body } = await database.perform('DescribeTable', { TableName })
    if ((body.Table as JsonObject).TableStatus === 'ACTIVE') return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const put = (database: Dynalite, id: string, release: string) =>
  database.perform('PutItem', { TableName, Item: { id: { S: id }, release: { S: release } } })
async function idsOf(database: Dynalite, release: string): Promise<string[]> {
  const { body } = await database.perform('Query', {
    TableName,
    IndexName: 'ByRelease',
    KeyConditionExpression: '#release = :release',
    ExpressionAttributeNames: { '#release': 'release' },
    ExpressionAttributeValues: { ':release': { S: release } },
  })
  return (body.Items as unknown as { id: { S: string } }[]).map(({ id }) => id.S)
}

test('each put, update and delete is one write together with its index entries', async () => {
  const writes = await writesOf(async (database) => {
    await put(database, 'a', '6.1')
    await put(database, 'a', '6.12')
    expect([await idsOf(database, '6.1'), await idsOf(database, '6.12')]).toEqual([[], ['a']])
    await database.perform('UpdateItem', {
      TableName,
      Key: { id: { S: 'a' } },
      UpdateExpression: 'REMOVE #release',
      ExpressionAttributeNames: { '#release': 'release' },
    })
    expect(await idsOf(database, '6.12')).toEqual([])
    await put(database, 'a', '6.1')
    await database.perform('DeleteItem', { TableName, Key: { id: { S: 'a' } } })
    expect(await idsOf(database, '6.1')).toEqual([])
  })
  expect(writes).toEqual([
    ['put index-global', 'put item-Probes'],
    ['del index-global', 'put index-global', 'put item-Probes'],
    ['del index-global', 'put item-Probes'],
    ['put index-global', 'put item-Probes'],
    ['del index-global', 'del item-Probes'],
  ])
})

test('concurrent writes of many items do not mix their index entries', async () => {
  await writesOf(async (database) => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => put(database, `p${i}`, `r${i % 7}`)))
    await Promise.all(Array.from({ length: 200 }, (_, i) => put(database, `p${i}`, `r${i % 5}`)))
    for (let r = 0; r < 7; r += 1) {
      const own = Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 5 === r)
      expect((await idsOf(database, `r${r}`)).sort()).toEqual(own.map((i) => `p${i}`).sort())
    }
  })
})

describe('an index that follows its table late', () => {
  /** `lags`: the delays of the writes, in order. */
  const opened = async (folder: string, lags: number[]) => {
    const database = await openDynalite(folder, () => lags.shift() ?? 0)
    await database.perform('CreateTable', TABLE)
    await until(database)
    return database
  }
  const itemOf = async (database: Dynalite, id: string) =>
    (await database.perform('GetItem', { TableName, Key: { id: { S: id } } })).body.Item
  const remove = (database: Dynalite, id: string) =>
    database.perform('DeleteItem', { TableName, Key: { id: { S: id } } })

  test('has the old values of the table first, and then the new ones', async () => {
    const database = await opened(temporaryFolder(), [0, 300])
    await put(database, 'a', '6.1')
    await put(database, 'a', '6.12')
    expect(await itemOf(database, 'a')).toMatchObject({ release: { S: '6.12' } })
    expect([await idsOf(database, '6.1'), await idsOf(database, '6.12')]).toEqual([['a'], []])
    await vi.waitFor(async () => expect(await idsOf(database, '6.12')).toEqual(['a']), 5000)
    expect(await idsOf(database, '6.1')).toEqual([])
    await database.close()
  })

  test('has the last write of each item in the end', async () => {
    const database = await opened(
      temporaryFolder(),
      Array.from({ length: 300 }, (_, i) => (i * 37) % 50),
    )
    for (let i = 0; i < 100; i += 1) {
      await put(database, `p${i % 5}`, `r${i % 3}`)
      if (i % 7 === 6) await remove(database, `p${i % 5}`)
    }
    const ids = ['p0', 'p1', 'p2', 'p3', 'p4']
    const now = await Promise.all(ids.map(async (id) => [id, (await itemOf(database, id)) as JsonObject]))
    for (const r of [0, 1, 2]) {
      const own = now.filter(([, item]) => (item as JsonObject | undefined)?.release !== undefined)
      const there = own.filter(([, item]) => JSON.stringify(item).includes(`"r${r}"`)).map(([id]) => id)
      await vi.waitFor(async () => expect((await idsOf(database, `r${r}`)).sort()).toEqual(there), 5000)
    }
    await database.close()
  })

  test('has all writes after the database was closed', async () => {
    const folder = temporaryFolder()
    const before = await opened(folder, [60_000])
    await put(before, 'a', '6.1')
    expect(await idsOf(before, '6.1')).toEqual([])
    await before.close()
    const after = await openDynalite(folder)
    expect(await idsOf(after, '6.1')).toEqual(['a'])
    await after.close()
  })
})

test('the end of a stream closes its iterator', async () => {
  const { db, lifecycleManager } = internals.create({ path: temporaryFolder() })
  await db.open()
  const opened: ReturnType<Level['values']>[] = []
  const values = db.values.bind(db)
  db.values = (options) => {
    const iterator = values(options)
    opened.push(iterator)
    return iterator
  }
  closeIterators(db as unknown as Parameters<typeof closeIterators>[0])
  for await (const _ of db.createValueStream({}));
  expect(opened).toHaveLength(1)
  await expect(opened[0]!.next()).rejects.toMatchObject({ code: 'LEVEL_ITERATOR_NOT_OPEN' })
  await lifecycleManager.gracefulClose()
})
