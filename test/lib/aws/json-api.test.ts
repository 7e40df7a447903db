// Tests calls of AWS's JSON services: the requests, the retries, and the names of errors.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCall, DYNAMODB, EVENTS } from '../../../lib/aws/json-api.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { verifyRequest } from '../../../local/iam/sigv4.ts'
import { readBody } from '../../../local/wire/aws-json.ts'

const CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'test', sessionToken: 'a/token' }
const REGION = 'us-east-1'

interface Got {
  readonly request: IncomingMessage
  readonly body: Buffer
}
type Answer = (response: ServerResponse, times: number) => void

const json =
  (status: number, body: object): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
  }
const refused = (status: number, type: string, more = {}) =>
  json(status, { __type: type, message: 'no', ...more })
const fine = json(200, { fine: true })
/** One answer after the other; the last one repeats. */
const inTurn =
  (...answers: readonly Answer[]): Answer =>
  (response, times) =>
    answers[Math.min(times, answers.length) - 1]!(response, times)

async function endpointThat(answer: Answer) {
  const got: Got[] = []
  const server = createServer((request, response) => {
    void readBody(request, 1e6).then((body) => {
      got.push({ request, body })
      answer(response, got.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { server, endpoint, got, call: callOf(endpoint) }
}

const callOf = (endpoint: string, tryMs?: number, api = DYNAMODB) =>
  createCall(api, {
    ...{ endpoint, region: REGION, credentials: async () => CREDENTIALS, now: Date.now },
    ...(tryMs === undefined ? {} : { tryMs }),
  })

/** All parts of a request that decide its effect. */
const meaningOf = ({ request, body }: Got) => ({
  ...{ method: request.method, url: request.url, body: JSON.parse(body.toString()) },
  ...{ type: request.headers['content-type'], target: request.headers['x-amz-target'] },
  ...{ token: request.headers['x-amz-security-token'], host: request.headers.host },
})

describe("a request equals that of the SDK's client", () => {
  const sdk = { region: REGION, credentials: CREDENTIALS, maxAttempts: 1 }

  test('to DynamoDB', async () => {
    const { endpoint, got, call } = await endpointThat(json(200, {}))
    const input = {
      TableName: 'probes',
      Key: { id: { S: 'driver/é+~/x' } },
      UpdateExpression: 'SET a = :a',
      ExpressionAttributeValues: { ':a': { N: '7' } },
    }
    await call('UpdateItem', input)
    const client = new DynamoDBClient({ ...sdk, endpoint })
    await client.send(new UpdateItemCommand(input))
    client.destroy()
    expect(meaningOf(got[0]!)).toEqual(meaningOf(got[1]!))
    expect(accepted(got[0]!, 'dynamodb')).toBe(CREDENTIALS.accessKeyId)
  })

  test('to EventBridge', async () => {
    const { endpoint, got } = await endpointThat(json(200, { FailedEntryCount: 0, Entries: [] }))
    const input = { Entries: [{ EventBusName: 'b', Source: 's', DetailType: 't', Detail: '{"a":"é"}' }] }
    await callOf(endpoint, undefined, EVENTS)('PutEvents', input)
    const client = new EventBridgeClient({ ...sdk, endpoint })
    await client.send(new PutEventsCommand(input))
    client.destroy()
    expect(meaningOf(got[0]!)).toEqual(meaningOf(got[1]!))
    expect(accepted(got[0]!, 'events')).toBe(CREDENTIALS.accessKeyId)
  })
})

/** The access key that the local stack's check finds. */
function accepted({ request, body }: Got, service: string): string {
  const signed = { method: 'POST', url: '/', headers: request.headers, bodySha256: sha256(body) }
  const principal = { ...CREDENTIALS, name: 'Role', may: () => true }
  return verifyRequest(signed, { principals: () => principal, now: Date.now, service }).principal.accessKeyId
}

describe('a call is retried', () => {
  test.each<[string, Answer]>([
    ['where the service fails', refused(500, 'com.amazonaws.dynamodb.v20120810#InternalServerError')],
    ['where what stands before it fails', (response) => response.writeHead(503).end('<html>')],
    ['where it is throttled', refused(400, 'com.amazonaws.dynamodb.v20120810#ThrottlingException')],
    [
      'where a table has no room',
      refused(400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'),
    ],
    ['where the connection breaks off', (response) => response.destroy()],
    [
      'where an answer breaks off',
      (response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
    ],
  ])('%s', async (_, failure) => {
    const { call, got } = await endpointThat(inTurn(failure, failure, fine))
    expect(await call('GetItem', {})).toEqual({ fine: true })
    expect(got).toHaveLength(3)
  })

  test('with a new signature, where the clock was set between a signature and its check', async () => {
    const { endpoint, got } = await endpointThat(
      inTurn(refused(400, 'com.amazon.coral.service#InvalidSignatureException'), fine),
    )
    const clock = [Date.now() - 7_200_000, Date.now()]
    const now = () => clock.shift() ?? Date.now()
    const call = createCall(DYNAMODB, { endpoint, region: REGION, credentials: async () => CREDENTIALS, now })
    expect(await call('GetItem', {})).toEqual({ fine: true })
    expect(() => accepted(got[0]!, 'dynamodb')).toThrow('signed too long ago')
    expect(accepted(got[1]!, 'dynamodb')).toBe(CREDENTIALS.accessKeyId)
  })

  test('where no answer arrives in time', async () => {
    const { endpoint, got } = await endpointThat(inTurn(() => {}, fine))
    expect(await callOf(endpoint, 200)('GetItem', {})).toEqual({ fine: true })
    expect(got).toHaveLength(2)
  })

  test('where the service closes a reused connection', async () => {
    const { call, got } = await endpointThat(
      inTurn(fine, fine, (response) => response.socket?.resetAndDestroy(), fine),
    )
    await Promise.all([call('GetItem', {}), call('GetItem', {})])
    expect(await call('GetItem', {})).toEqual({ fine: true })
    expect(got).toHaveLength(4)
  })
})

describe('a failed call has the error name that AWS gives', () => {
  test('at once where the service refuses it permanently', async () => {
    const { call, got } = await endpointThat(
      refused(400, 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException'),
    )
    await expect(call('UpdateItem', {})).rejects.toMatchObject({
      ...{ name: 'ConditionalCheckFailedException', message: 'no', status: 400 },
    })
    expect(got).toHaveLength(1)
  })

  test.each(['AccessDeniedException', 'ValidationException', 'UnrecognizedClientException'])(
    '%s',
    async (name) => {
      const { call, got } = await endpointThat(json(400, { __type: name, Message: 'because' }))
      await expect(call('GetItem', {})).rejects.toMatchObject({ name, message: 'because' })
      expect(got).toHaveLength(1)
    },
  )

  test('after three tries where the service keeps failing', async () => {
    const { call, got } = await endpointThat(refused(500, 'InternalFailure'))
    await expect(call('PutEvents', {})).rejects.toMatchObject({ name: 'InternalFailure', status: 500 })
    expect(got).toHaveLength(3)
  })

  test('after two tries where the service never answers: the caller has no more time', async () => {
    const { endpoint, got } = await endpointThat(() => {})
    await expect(callOf(endpoint, 150)('GetItem', {})).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(got).toHaveLength(2)
  })

  test('or the code of the connection where nothing listens', async () => {
    const { endpoint, server } = await endpointThat(fine)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(callOf(endpoint)('GetItem', {})).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('or the error of missing credentials, and nothing is sent', async () => {
    const { endpoint, got } = await endpointThat(fine)
    const none = async () => Promise.reject(new Error('no credentials'))
    const call = createCall(DYNAMODB, { endpoint, region: REGION, credentials: none, now: Date.now })
    await expect(call('GetItem', {})).rejects.toThrow('no credentials')
    expect(got).toEqual([])
  })
})

test('a call that waits for a connection does not time out', async () => {
  const { endpoint, got } = await endpointThat((response) => setTimeout(() => fine(response, 1), 150))
  const call = callOf(endpoint, 700)
  // Six turns of fifty connections take longer than one try may.
  await Promise.all(Array.from({ length: 300 }, () => call('GetItem', {})))
  expect(got).toHaveLength(300)
})

test('connections are reused, and no more than fifty are open', async () => {
  const { server, call } = await endpointThat((response) => setTimeout(() => fine(response, 1), 20))
  let connections = 0
  server.on('connection', () => (connections += 1))
  for (let i = 0; i < 2; i += 1) await Promise.all(Array.from({ length: 120 }, () => call('GetItem', {})))
  expect(connections).toBe(50)
})
