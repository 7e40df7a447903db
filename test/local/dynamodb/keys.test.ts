// Tests that the local DynamoDB refuses the same keys as DynamoDB, with the same messages.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dynalite, openDynalite } from '../../../local/dynamodb/dynalite.ts'
import { type KeySchema, keyFault } from '../../../local/dynamodb/keys.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { scratch } from '../../support/registry/registry.ts'

const KEYS: KeySchema[] = [
  { index: undefined, keys: [{ name: 'id', kind: 'HASH' }] },
  {
    index: 'ByRelease',
    keys: [
      { name: 'kernelRelease', kind: 'HASH' },
      { name: 'id', kind: 'RANGE' },
    ],
  },
]
const EMPTY = 'cannot contain an empty string value'

let work: Awaited<ReturnType<typeof scratch>>
let dynalite: Dynalite
beforeAll(async () => {
  work = await scratch()
  dynalite = await openDynalite(work.dir)
  const string = (name: string) => ({ AttributeName: name, AttributeType: 'S' })
  const key = (name: string, type: string) => ({ AttributeName: name, KeyType: type })
  await dynalite.perform('CreateTable', {
    TableName: 'Probes',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [string('id'), string('kernelRelease')],
    KeySchema: [key('id', 'HASH')],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'ByRelease',
        KeySchema: [key('kernelRelease', 'HASH'), key('id', 'RANGE')],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
  while (!JSON.stringify(await dynalite.perform('DescribeTable', { TableName: 'Probes' })).includes('ACTIVE'))
    await new Promise((resolve) => setTimeout(resolve, 2))
})
afterAll(async () => {
  await dynalite.close()
  await work.remove()
})

async function perform(operation: string, input: JsonObject) {
  const fault = (read: JsonObject) => keyFault(operation, read, KEYS)
  const { status, body } = await dynalite.perform(operation, { TableName: 'Probes', ...input }, fault)
  return { status, type: String(body.__type ?? '').replace(/.*#/, ''), message: String(body.message ?? '') }
}
const s = (text: string) => ({ S: text })
const set = (name: string, value: JsonObject, expression = `SET ${name} = :v`) => ({
  Key: { id: s('a') },
  UpdateExpression: expression,
  ExpressionAttributeValues: { ':v': value },
})
const query = (values: Record<string, JsonObject>, condition = 'kernelRelease = :r') => ({
  IndexName: 'ByRelease',
  KeyConditionExpression: condition,
  ExpressionAttributeValues: values,
})
const WITH_ID = 'kernelRelease = :r AND id > :i'

describe('DynamoDB refuses', () => {
  test.each<[string, string, JsonObject, string]>([
    ['an empty key of a read', 'GetItem', { Key: { id: s('') } }, EMPTY],
    ['an empty key of an item', 'PutItem', { Item: { id: s('') } }, EMPTY],
    ['an empty key of a write', 'UpdateItem', { ...set('x', s('')), Key: { id: s('') } }, EMPTY],
    ['an empty key of an index in an item', 'PutItem', { Item: { id: s('a'), kernelRelease: s('') } }, EMPTY],
    ['an empty key of an index in a write', 'UpdateItem', set('kernelRelease', s('')), EMPTY],
    [
      'an empty key of an index behind a function',
      'UpdateItem',
      set('kernelRelease', s(''), 'SET kernelRelease = if_not_exists(kernelRelease, :v)'),
      EMPTY,
    ],
    ['an empty partition key of a query', 'Query', query({ ':r': s('') }), EMPTY],
    ['an empty sort key of a query', 'Query', query({ ':r': s('6.1'), ':i': s('') }, WITH_ID), EMPTY],
    ['an empty start of a scan', 'Scan', { ExclusiveStartKey: { id: s('') } }, EMPTY],
    ['a partition key over 2,048 bytes', 'GetItem', { Key: { id: s('é'.repeat(1025)) } }, '2048 bytes'],
    [
      'a partition key of an index over 2,048 bytes',
      'UpdateItem',
      set('kernelRelease', s('6'.repeat(2049))),
      '2048 bytes',
    ],
    [
      'a partition key of a query over 2,048 bytes',
      'Query',
      query({ ':r': s('6'.repeat(2049)) }),
      '2048 bytes',
    ],
    [
      'a sort key of an index over 1,024 bytes',
      'PutItem',
      { Item: { id: s('a'.repeat(1025)), kernelRelease: s('6.1') } },
      '1024 bytes',
    ],
    [
      'a sort key of a query over 1,024 bytes',
      'Query',
      query({ ':r': s('6.1'), ':i': s('a'.repeat(1025)) }, WITH_ID),
      '1024 bytes',
    ],
  ])('%s', async (_, operation, input, message) => {
    expect(await perform(operation, input)).toEqual({
      status: 400,
      type: 'ValidationException',
      message: expect.stringContaining(message),
    })
  })

  test.each<[string, string, JsonObject]>([
    ['a long key of a read', 'GetItem', { Key: { id: s('a'.repeat(2048)) } }],
    ['an empty value that is no key', 'PutItem', { Item: { id: s('a'), detail: s('') } }],
    ['the same in a write', 'UpdateItem', set('detail', s(''))],
    ['a partition key of 2,048 bytes', 'GetItem', { Key: { id: s('a'.repeat(2048)) } }],
    ['a long key of what is in no index', 'PutItem', { Item: { id: s('a'.repeat(1025)) } }],
    ['a query', 'Query', query({ ':r': s('6'.repeat(2048)), ':i': s('a'.repeat(1024)) }, WITH_ID)],
  ])('nothing about %s', async (_, operation, input) => {
    expect(await perform(operation, input)).toMatchObject({ status: 200 })
  })
})
