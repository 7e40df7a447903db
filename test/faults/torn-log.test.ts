// Tests a write of the database that fails on a full disk: all acknowledged writes before and after it survive a crash.

import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dynalite, openDynalite } from '../../local/dynamodb/dynalite.ts'
import { scratch, sh } from '../support/registry/registry.ts'

const TableName = 'Probes'
const TABLE = {
  TableName,
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
}

let work: Awaited<ReturnType<typeof scratch>>
let disk: string
beforeAll(async () => {
  work = await scratch()
  disk = join(work.dir, 'disk')
  mkdirSync(disk)
  await sh('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'disk', disk])
})
afterAll(async () => {
  await sh('umount', [disk])
  await work.remove()
})

/** Writes the items, and returns the ids of the acknowledged ones. */
async function put(database: Dynalite, from: number, to: number): Promise<string[]> {
  const answered: string[] = []
  for (let i = from; i < to; i += 1) {
    const Item = { id: { S: `probe-${i}` }, text: { S: 'x'.repeat(700) } }
    const done = await database.perform('PutItem', { TableName, Item }).catch(() => undefined)
    if (done?.status === 200) answered.push(`probe-${i}`)
  }
  return answered
}

const has = async (database: Dynalite, id: string): Promise<boolean> =>
  (await database.perform('GetItem', { TableName, Key: { id: { S: id } } })).body.Item !== undefined

test('no acknowledged write is lost, before, on or after a full disk', async () => {
  const dir = join(disk, 'dynamodb')
  const database = await openDynalite(dir)
  await database.perform('CreateTable', TABLE)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const before = await put(database, 0, 200)
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 20_000))
  const full = await put(database, 200, 500)
  expect(full.length).toBeLessThan(100)
  expect(await has(database, 'probe-0')).toBe(true)
  rmSync(join(disk, 'filler'))
  const after = await put(database, 500, 2000)
  expect(after).toHaveLength(1500)
  // A copy of the files as a killed process leaves them.
  const copy = join(work.dir, 'copy')
  cpSync(dir, copy, { recursive: true })
  await database.close()
  const again = await openDynalite(copy)
  const lost: string[] = []
  for (const id of [...before, ...full, ...after]) if (!(await has(again, id))) lost.push(id)
  expect(lost).toEqual([])
  await again.close()
})
