import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  allow,
  route,
  startedStack,
  TABLE,
  temporaryFolder,
  writeAssembly,
} from '../support/local/assembly.ts'

const ITEMS = `
const { DynamoDBClient, GetItemCommand, PutItemCommand } = require('@aws-sdk/client-dynamodb')
const db = new DynamoDBClient({ maxAttempts: 1 })
const TableName = process.env.TABLE
exports.handler = async ({ requestContext, rawPath }) => {
  try {
    if (requestContext.http.method === 'PUT') {
      await db.send(new PutItemCommand({ TableName, Item: { id: { S: rawPath } } }))
      return { statusCode: 201 }
    }
    const { Item } = await db.send(new GetItemCommand({ TableName, Key: { id: { S: rawPath } } }))
    return { statusCode: Item ? 200 : 404, body: Item?.id.S ?? '' }
  } catch (error) {
    return { statusCode: 403, body: error.name }
  }
}`

const GET = allow('dynamodb:GetItem', { 'Fn::GetAtt': ['Table', 'Arn'] })
const PUT = allow('dynamodb:PutItem', { 'Fn::GetAtt': ['Table', 'Arn'] })
const items = (folder: string, statements: (typeof GET)[]) =>
  writeAssembly(
    join(folder, 'cdk.out'),
    { Table: TABLE, ...route('Items', '$default', 'Items') },
    {
      Items: {
        code: ITEMS,
        statements,
        properties: { Environment: { Variables: { TABLE: { Ref: 'Table' } } } },
      },
    },
  )

test('a function reads and writes a table with its own credentials, and a second start finds the data', async () => {
  const folder = temporaryFolder()
  const options = { assembly: await items(folder, [GET, PUT]), dataDir: join(folder, 'data') }
  const first = await startedStack(options)
  expect((await fetch(`${first.url}/a`)).status).toBe(404)
  expect((await fetch(`${first.url}/a`, { method: 'PUT' })).status).toBe(201)
  expect(await (await fetch(`${first.url}/a`)).text()).toBe('/a')
  await first.stop()
  const second = await startedStack(options)
  expect(await (await fetch(`${second.url}/a`)).text()).toBe('/a')
})

test('a write that the role was not granted is denied', async () => {
  const folder = temporaryFolder()
  const stack = await startedStack({ assembly: await items(folder, [GET]), dataDir: join(folder, 'data') })
  const answer = await fetch(`${stack.url}/a`, { method: 'PUT' })
  expect(answer.status).toBe(403)
  expect(await answer.text()).toBe('AccessDeniedException')
  expect((await fetch(`${stack.url}/a`)).status).toBe(404)
})

test('a folder of data serves one stack at a time', async () => {
  const folder = temporaryFolder()
  const options = { assembly: await items(folder, [GET]), dataDir: join(folder, 'data') }
  await startedStack(options)
  await expect(startedStack(options)).rejects.toThrow(/in use by another stack/)
})

test('a stopped stack leaves nothing half-done behind', async () => {
  const folder = temporaryFolder()
  const stack = await startedStack({ assembly: await items(folder, [GET]), dataDir: join(folder, 'data') })
  await stack.stop()
  expect(readdirSync(join(folder, 'data'))).not.toContain('dynamodb.open')
})
