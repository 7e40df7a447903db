// Tests the withdrawal of a published probe, in the table of the index.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createIndex } from '../../../lib/aws/probe-index.ts'
import { createWithdrawals, type Withdrawals } from '../../../lib/aws/withdrawals.ts'
import type { Index } from '../../../lib/model/ports.ts'
import { type DynamoDbLab, startDynamoDb } from '../../support/aws/dynamodb-lab.ts'
import { KEY } from '../../support/world.ts'

const NOW = Date.UTC(2026, 10, 27)
const WITHDRAWN = { reason: 'it panics', at: NOW }
const PUBLICATION = {
  ...{ sha256: 'a'.repeat(64), bytes: 7, objectKey: `${KEY}/a`, publishedAt: NOW },
  provenance: {
    ...{ unameRelease: '6.1.0-1-amd64', compiler: 'gcc-12', compilerVersion: '', headers: [], timings: {} },
    driverSource: { name: 'driver', version: '1', url: 'https://mirror.example/d', sha256: 'b'.repeat(64) },
  },
}

let lab: DynamoDbLab
let index: Index
let withdrawals: Withdrawals
beforeAll(async () => {
  lab = await startDynamoDb()
})
afterAll(() => lab.stop())
beforeEach(async () => {
  const table = await lab.table()
  index = createIndex(lab.client, table, () => NOW)
  withdrawals = createWithdrawals(lab.client, table, () => NOW)
})
const claim = () => index.claim(KEY, { id: 'c', claimedAt: NOW, deadline: NOW + 60_000 })
const state = () => index.get(KEY, { consistent: true })

test('a withdrawn probe keeps its record and gets the reason, and a restore removes the reason', async () => {
  await claim()
  await index.publish(KEY, 'c', PUBLICATION)
  const before = await state()
  expect(await withdrawals.withdraw(KEY, 'wrong')).toBe(true)
  expect(await withdrawals.withdraw(KEY, 'it panics')).toBe(true)
  expect(await state()).toEqual({ ...before, withdrawn: WITHDRAWN })
  expect(await withdrawals.restore(KEY)).toBe(true)
  expect(await state()).toEqual(before)
  expect(await withdrawals.restore(KEY)).toBe(false)
})

test('an unpublished probe cannot be withdrawn, and nothing is written about it', async () => {
  expect(await withdrawals.withdraw(KEY, 'it panics')).toBe(false)
  expect(await state()).toBeUndefined()
  await claim()
  expect(await withdrawals.withdraw(KEY, 'it panics')).toBe(false)
  expect(await state()).not.toHaveProperty('withdrawn')
})

test('a withdrawn probe cannot be claimed or published again', async () => {
  await claim()
  await index.publish(KEY, 'c', PUBLICATION)
  await withdrawals.withdraw(KEY, 'it panics')
  expect(await index.claim(KEY, { id: 'd', claimedAt: NOW + 1e9, deadline: NOW + 2e9 })).toBeUndefined()
  expect(await index.publish(KEY, 'c', { ...PUBLICATION, bytes: 8 })).toBe(false)
  expect(await state()).toMatchObject({ bytes: 7, withdrawn: WITHDRAWN })
})
