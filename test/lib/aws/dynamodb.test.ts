// Tests operations on items with plain values: their requests and answers. The contract tests cover the rest.

import { expect, test } from 'vitest'
import { createDynamoDb } from '../../../lib/aws/dynamodb.ts'

/** A client whose calls all get this answer, and the requests that it sent. */
function answering(output: object) {
  const sent: { operation: string; input: object }[] = []
  const client = createDynamoDb(async (operation, input) => {
    sent.push({ operation, input })
    return output
  })
  return { client, sent }
}

test('each value is sent as an attribute value, and other parameters are sent unchanged', async () => {
  const { client, sent } = answering({})
  await client.update({
    TableName: 't',
    Key: { id: 'k' },
    UpdateExpression: 'SET #a = :a',
    ExpressionAttributeNames: { '#a': 'a' },
    ExpressionAttributeValues: { ':a': 7 },
    ReturnValues: 'ALL_NEW',
  })
  await client.put({ TableName: 't', Item: { id: 'k', on: true } })
  await client.scan({ TableName: 't', Limit: 1, ExclusiveStartKey: { id: 'k' } })
  expect(sent).toEqual([
    {
      operation: 'UpdateItem',
      input: {
        TableName: 't',
        Key: { id: { S: 'k' } },
        UpdateExpression: 'SET #a = :a',
        ExpressionAttributeNames: { '#a': 'a' },
        ExpressionAttributeValues: { ':a': { N: '7' } },
        ReturnValues: 'ALL_NEW',
      },
    },
    { operation: 'PutItem', input: { TableName: 't', Item: { id: { S: 'k' }, on: { BOOL: true } } } },
    { operation: 'Scan', input: { TableName: 't', Limit: 1, ExclusiveStartKey: { id: { S: 'k' } } } },
  ])
})

test('undefined parameters are not sent', async () => {
  const { client, sent } = answering({})
  await client.scan({ TableName: 't', ExclusiveStartKey: undefined })
  expect(sent).toEqual([{ operation: 'Scan', input: { TableName: 't' } }])
})

test('an answer has plain values: of one item, of changed attributes, and of a page', async () => {
  const item = { id: { S: 'k' }, names: { SS: ['a'] } }
  const read = { id: 'k', names: new Set(['a']) }
  expect(await answering({ Item: item }).client.get({ TableName: 't', Key: { id: 'k' } })).toEqual({
    Item: read,
  })
  expect(await answering({ Attributes: item }).client.delete({ TableName: 't', Key: { id: 'k' } })).toEqual({
    Attributes: read,
  })
  const page = { Items: [item], Count: 1, LastEvaluatedKey: { id: { S: 'k' } } }
  expect(await answering(page).client.query({ TableName: 't', KeyConditionExpression: 'id = :id' })).toEqual({
    ...{ Items: [read], Count: 1, LastEvaluatedKey: { id: 'k' } },
  })
})

test('an empty answer stays empty', async () => {
  expect(await answering({}).client.get({ TableName: 't', Key: { id: 'k' } })).toEqual({})
})
