import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { createPresigner } from '../../lib/aws/presign.ts'
import type { Credentials } from '../../lib/aws/sigv4.ts'
import { NO_FAULTS } from '../../local/faults.ts'
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

const CREDENTIALS = `
exports.handler = async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  }
  return { statusCode: 200, body: JSON.stringify(credentials) }
}`

test('the session of a replaced environment ends together with its presigned URLs, and the next environment has another session', async () => {
  const folder = temporaryFolder()
  const bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'things' } }
  const assembly = await writeAssembly(
    join(folder, 'cdk.out'),
    { Table: TABLE, Bucket: bucket, ...route('Own', '$default', 'Own') },
    {
      Own: { code: CREDENTIALS, statements: [GET, allow('s3:GetObject', '*')], properties: { Timeout: 30 } },
    },
  )
  let ahead = 0
  const { url, endpoints } = await startedStack({
    ...{ assembly, dataDir: join(folder, 'data'), now: () => Date.now() + ahead },
    faults: { ...NO_FAULTS, environment: () => 60_000 },
  })
  const session = async () => {
    const credentials = (await (await fetch(url)).json()) as Credentials
    const endpoint = endpoints.AWS_ENDPOINT_URL_DYNAMODB ?? ''
    const client = new DynamoDBClient({ region: 'us-east-1', maxAttempts: 1, endpoint, credentials })
    const call = new GetItemCommand({ TableName: 'Small-Table', Key: { id: { S: 'a' } } })
    const urls = createPresigner({
      ...{ endpoint: endpoints.AWS_ENDPOINT_URL_S3, bucket: 'things', region: 'us-east-1' },
      ...{ credentials: async () => credentials, now: Date.now },
    })
    const signed = await urls.get('a', { expiresSeconds: 3600 })
    return {
      read: () =>
        client.send(call).then(
          () => 'read',
          (error: Error) => error.name,
        ),
      get: async () => {
        const answer = await fetch(signed)
        return [answer.status, /<Code>(\w+)</.exec(await answer.text())?.[1]]
      },
    }
  }
  const first = await session()
  expect([await first.read(), await first.get()]).toEqual(['read', [403, 'AccessDenied']])
  ahead = 61_000
  const second = await session()
  expect([await first.read(), await second.read()]).toEqual(['read', 'read'])
  ahead = 100_000
  expect([await first.read(), await first.get()]).toEqual(['ExpiredTokenException', [400, 'ExpiredToken']])
  expect(await (await session()).read()).toBe('read')
})

test('a write that the role was not granted is denied', async () => {
  const folder = temporaryFolder()
  const stack = await startedStack({ assembly: await items(folder, [GET]), dataDir: join(folder, 'data') })
  const answer = await fetch(`${stack.url}/a`, { method: 'PUT' })
  expect(answer.status).toBe(403)
  expect(await answer.text()).toBe('AccessDeniedException')
  expect((await fetch(`${stack.url}/a`)).status).toBe(404)
})

test('a data folder serves one stack at a time', async () => {
  const folder = temporaryFolder()
  const options = { assembly: await items(folder, [GET]), dataDir: join(folder, 'data') }
  await startedStack(options)
  await expect(startedStack(options)).rejects.toThrow(/in use by another running registry/)
})

test('a stopped stack leaves no dynamodb.open file', async () => {
  const folder = temporaryFolder()
  const stack = await startedStack({ assembly: await items(folder, [GET]), dataDir: join(folder, 'data') })
  await stack.stop()
  expect(readdirSync(join(folder, 'data'))).not.toContain('dynamodb.open')
})

const BUSY = `let before = 0
exports.handler = async () => {
  for (const end = performance.now() + 5; performance.now() < end; );
  return String(before++)
}`

/** Sends a request on its own connection. Resolves to the body. */
const asked = (url: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nconnection: close\r\n\r\n`)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.split('\r\n\r\n')[1] ?? ''))
  })

test('many requests for one path hardly delay a later request for another path', async () => {
  const folder = temporaryFolder()
  const assembly = await writeAssembly(join(folder, 'cdk.out'), route('Busy', '$default', 'Busy'), {
    Busy: { code: BUSY, properties: { Timeout: 60 } },
  })
  const { url } = await startedStack({ assembly, dataDir: join(folder, 'data'), executions: 1000 })
  expect(await asked(url, '/first')).toBe('0')
  const crowd = Array.from({ length: 400 }, () => asked(url, '/crowd'))
  expect(Number(await asked(url, '/other'))).toBeLessThan(300)
  await Promise.all(crowd)
})
