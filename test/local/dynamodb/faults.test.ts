// Tests the registry's own client against a local DynamoDB that throttles requests and has late indexes.

import { expect, onTestFinished, test } from 'vitest'
import { createDynamoDb } from '../../../lib/aws/dynamodb.ts'
import { createCall, DYNAMODB } from '../../../lib/aws/json-api.ts'
import { createDynamoDb as createLocal } from '../../../local/dynamodb/dynamodb.ts'
import { type Fault, type Faults, seededFaults } from '../../../local/faults.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import { createAwsJson } from '../../../local/wire/aws-json.ts'
import { listen } from '../../../local/wire/server.ts'
import { TABLE, temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

const CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' }

async function lab(faults: Faults) {
  const folder = temporaryFolder()
  const template = loadTemplate(await writeAssembly(`${folder}/cdk.out`, { Table: TABLE }), {
    publicUrl: 'http://127.0.0.1:1',
  })
  const dynamodb = await createLocal({
    ...{ dir: `${folder}/data`, torn: false, onWhole: () => {}, template, faults },
    ...{ now: Date.now, log: () => {} },
  })
  const anyone = { name: 'Anyone', ...CREDENTIALS, sessionToken: '', may: () => true }
  const service = createAwsJson({
    authenticate: () => anyone,
    services: { DynamoDB_20120810: dynamodb.service },
  })
  const { port, close } = await listen(service, { host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await close()
    await dynamodb.close()
  })
  const call = createCall(DYNAMODB, {
    ...{ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' },
    ...{ credentials: async () => CREDENTIALS, now: Date.now },
  })
  return { client: createDynamoDb(call), TableName: template.ofType('AWS::DynamoDB::Table')[0]!.name }
}

test('a throttled request is retried, and done once', async () => {
  const seeded = seededFaults('throttled')
  const struck: Fault[] = []
  const strikes = (fault: Fault): boolean => {
    const isStruck = seeded.strikes(fault)
    if (isStruck) struck.push(fault)
    return isStruck
  }
  const { client, TableName } = await lab({ ...seeded, strikes })
  const Key = { id: 'a' }
  for (let i = 0; i < 200; i += 1)
    await client.update({
      ...{ TableName, Key, UpdateExpression: 'ADD #n :one' },
      ...{ ExpressionAttributeNames: { '#n': 'n' }, ExpressionAttributeValues: { ':one': 1 } },
    })
  expect((await client.get({ TableName, Key, ConsistentRead: true })).Item).toEqual({ id: 'a', n: 200 })
  expect(struck.length).toBeGreaterThan(2)
})
