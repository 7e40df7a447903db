// Tests the index in DynamoDB beyond the contract: its cost, its refusals, and that it behaves as the model in memory.

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createIndex } from '../../../lib/aws/probe-index.ts'
import { OVERDUE_PARTITION, TABLE_KEY } from '../../../lib/aws/resources.ts'
import type { Index } from '../../../lib/model/ports.ts'
import type { Failure, Publication } from '../../../lib/model/probe.ts'
import { type DynamoDbLab, sentBy, startDynamoDb } from '../../support/aws/dynamodb-lab.ts'
import { memoryIndex } from '../../support/memory.ts'

let lab: DynamoDbLab
let table: string
beforeAll(async () => {
  lab = await startDynamoDb()
  table = await lab.table()
})
afterAll(() => lab.stop())

const source = { name: 'a', version: '1', url: 'http://mirror/a', sha256: 'b'.repeat(64) }
const PUBLICATION: Publication = {
  sha256: 'a'.repeat(64),
  bytes: 1,
  objectKey: 'k/probe',
  publishedAt: 2,
  provenance: {
    unameRelease: '6.1.0-1-amd64',
    driverSource: source,
    headers: [source],
    compiler: 'gcc-12',
    compilerVersion: 'gcc-12 12.2.0',
    timings: { compile: 5 },
  },
}
const FAILURE: Failure = { reason: 'build-lost', detail: 'cut off', retryAt: 30 }

const itemOf = async (TableName: string, key: string) =>
  (await lab.client.get({ TableName, Key: { [TABLE_KEY]: key } })).Item

describe('the cost', () => {
  test('a read is one eventually consistent GetItem, or a consistent one on request', async () => {
    const index = createIndex(lab.client, table, () => 0)
    const [read, ...more] = await sentBy(lab, () => index.get('k'))
    expect(read).toMatchObject({ operation: 'GetItem', input: { ConsistentRead: false } })
    expect(more).toEqual([])
    const consistent = await sentBy(lab, () => index.get('k', { consistent: true }))
    expect(consistent).toMatchObject([{ operation: 'GetItem', input: { ConsistentRead: true } }])
  })

  test('a claim is one write, for the winner and for the losers', async () => {
    const index = createIndex(lab.client, table, () => 0)
    const claim = (name: string) => index.claim('cost', { id: name, claimedAt: 1, deadline: 9 })
    expect(await sentBy(lab, () => claim('c1'))).toMatchObject([{ operation: 'UpdateItem' }])
    expect(await sentBy(lab, () => claim('c2'))).toMatchObject([{ operation: 'UpdateItem' }])
  })
})

test('an older item with a renamed failure reason is read with the new name', async () => {
  const index = createIndex(lab.client, table, () => 0)
  const item = { state: 'failed', attempt: 1, claim: 'c', ...FAILURE, reason: 'build-error' }
  await lab.client.put({ TableName: table, Item: { ...item, [TABLE_KEY]: 'older' } })
  expect(await index.get('older')).toMatchObject({ state: 'failed', reason: 'build-broken', retryAt: 30 })
})

describe('an item that is not a valid state', () => {
  const published = { state: 'published', attempt: 1, claim: 'c', ...PUBLICATION }
  const building = { state: 'building', attempt: 1, claim: 'c', claimedAt: 1, deadline: 2 }
  const provenance = (more: object) => ({ ...published, provenance: { ...PUBLICATION.provenance, ...more } })
  test.each<[string, object]>([
    ['state', {}],
    ['state', { ...building, state: 'unheard of' }],
    ['attempt', { ...building, attempt: '1' }],
    ['deadline', { state: 'building', attempt: 1, claim: 'c', claimedAt: 1 }],
    ['buildId', { ...building, buildId: 7 }],
    ['reason', { state: 'failed', attempt: 1, claim: 'c', ...FAILURE, reason: 'whim' }],
    ['objectKey', { ...published, objectKey: ['k'] }],
    ['provenance', { ...published, provenance: 'home-made' }],
    ['provenance.driverSource', provenance({ driverSource: null })],
    ['provenance.headers.1', provenance({ headers: [source, 'b'] })],
    ['provenance.headers.0.sha256', provenance({ headers: [{ ...source, sha256: 1 }] })],
    ['sha256', { ...published, sha256: 'b'.repeat(63) }],
    ['provenance.timings.compile', provenance({ timings: { compile: '5' } })],
  ])('is refused for its %s, and the error names its key', async (member, item) => {
    const key = `by/hand/${member}`
    await lab.client.put({ TableName: table, Item: { ...item, [TABLE_KEY]: key } })
    const refusal = {
      code: 'misconfigured',
      message: expect.stringMatching(`${key} has no proper ${member}`),
    }
    await expect(createIndex(lab.client, table, () => 0).get(key)).rejects.toMatchObject(refusal)
  })

  test('cannot be claimed, so an operator has to look at it', async () => {
    const Item = { [TABLE_KEY]: 'kept', state: 'unheard of', worth: 'much' }
    await lab.client.put({ TableName: table, Item })
    const claim = { id: 'c', claimedAt: 1, deadline: 2 }
    expect(await createIndex(lab.client, table, () => 0).claim('kept', claim)).toBeUndefined()
    expect(await itemOf(table, 'kept')).toEqual(Item)
  })
})

test('all errors but a failed condition are thrown', async () => {
  const index = createIndex(lab.client, 'no-such-table', () => 0)
  const missing = { name: 'ResourceNotFoundException' }
  await expect(index.get('k')).rejects.toMatchObject(missing)
  await expect(index.claim('k', { id: 'c', claimedAt: 1, deadline: 2 })).rejects.toMatchObject(missing)
  await expect(index.publish('k', 'c', PUBLICATION)).rejects.toMatchObject(missing)
})

test('only open claims are in the index of deadlines', async () => {
  const name = await lab.table()
  const index = createIndex(lab.client, name, () => 0)
  for (const key of ['open', 'published', 'failed'])
    await index.claim(key, { id: 'c', claimedAt: 1, deadline: 2 })
  await index.publish('published', 'c', PUBLICATION)
  await index.fail('failed', 'c', FAILURE)
  const items = await Promise.all(['open', 'published', 'failed'].map((key) => itemOf(name, key)))
  expect(items.map((item) => item?.[OVERDUE_PARTITION])).toEqual(['1', undefined, undefined])
})

describe('any sequence of calls', () => {
  const key = fc.constantFrom('k1', 'k2')
  const claim = fc.constantFrom('c1', 'c2', 'c3')
  const time = fc.integer({ min: 0, max: 40 })
  const call: fc.Arbitrary<(index: Index) => Promise<unknown>> = fc.oneof(
    fc.tuple(key, claim, time, time).map(
      ([k, c, claimedAt, more]) =>
        (index: Index) =>
          index.claim(k, { id: c, claimedAt, deadline: claimedAt + more }),
    ),
    fc.tuple(key, claim, time).map(
      ([k, c, deadline]) =>
        (index: Index) =>
          index.started(k, c, { buildId: `build of ${c}`, deadline }),
    ),
    fc.tuple(key, claim).map(
      ([k, c]) =>
        (index: Index) =>
          index.publish(k, c, PUBLICATION),
    ),
    fc.tuple(key, claim, time).map(
      ([k, c, retryAt]) =>
        (index: Index) =>
          index.fail(k, c, { ...FAILURE, retryAt }),
    ),
    fc.tuple(key).map(
      ([k]) =>
        (index: Index) =>
          index.get(k, { consistent: true }),
    ),
  )

  test('answers as the model in memory does', async () => {
    const name = await lab.table()
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 20 }), async (calls) => {
        run += 1
        const real = prefixed(
          createIndex(lab.client, name, () => 0),
          `${run}/`,
        )
        const model = memoryIndex(() => 0).index
        for (const act of calls) expect(await act(real)).toEqual(await act(model))
        for (const k of ['k1', 'k2'])
          expect(await real.get(k, { consistent: true })).toEqual(await model.get(k))
      }),
      { numRuns: 60 },
    )
  })
})

/** The same index, each key under a prefix of its own. */
const prefixed = (index: Index, prefix: string): Index => ({
  ...index,
  get: (key, options) => index.get(prefix + key, options),
  claim: (key, claim) => index.claim(prefix + key, claim),
  started: (key, claim, build) => index.started(prefix + key, claim, build),
  publish: (key, claim, publication) => index.publish(prefix + key, claim, publication),
  fail: (key, claim, failure) => index.fail(prefix + key, claim, failure),
})
