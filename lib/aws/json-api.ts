// Calls AWS services with JSON APIs: each call is one signed POST, which is repeated after errors that may pass.
// Hand-written, because the SDK's clients would slow the cold start of functions that answer requests.

import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../model/ports.ts'
import { type Credentials, signedPost } from './sigv4.ts'

/**
 * Calls one operation; its name and input are as in the service's API reference. Rejects with an Error whose name is AWS's own,
 * e.g. `ConditionalCheckFailedException`, or with the connection's error.
 */
export type Call = (operation: string, input: object) => Promise<object>

export interface Api {
  /** name in the credential scope and in the service's host name */
  readonly service: string
  /** prefix of the header X-Amz-Target */
  readonly target: string
  readonly contentType: string
}

const api = (service: string, target: string, version: '1.0' | '1.1'): Api => ({
  ...{ service, target, contentType: `application/x-amz-json-${version}` },
})

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
export const DYNAMODB = api('dynamodb', 'DynamoDB_20120810', '1.0')
/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const EVENTS = api('events', 'AWSEvents', '1.1')
/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html */
export const QUOTAS = api('servicequotas', 'ServiceQuotasV20190624', '1.1')
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html */
export const LOGS = api('logs', 'Logs_20140328', '1.1')
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html */
export const QUEUES = api('sqs', 'AmazonSQS', '1.0')
/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export const SECRETS = api('secretsmanager', 'secretsmanager', '1.1')

export interface ApiOptions {
  /** e.g. `http://127.0.0.1:8080`; `undefined`: the service's endpoint in AWS */
  readonly endpoint: string | undefined
  readonly region: string
  readonly credentials: () => Promise<Credentials>
  readonly now: Clock
}

const TRIES = 3
/** Milliseconds of one try after it has a connection. Two tries must end within the ten seconds of the function `resolve`. */
const TRY_MS = 4000
/** Longest pause before the second try, in milliseconds; twice as long before the third. Random, so that tries spread out. */
const PAUSE_MS = 50
/** Limit of connections from one process to one service. */
const SOCKETS = 50

/** `tryMs`: milliseconds in which one try must get its complete answer, counted from its connection. */
export function createCall(
  { service, target, contentType }: Api,
  { endpoint, region, credentials, now, tryMs = TRY_MS }: ApiOptions & { readonly tryMs?: number },
): Call {
  const place = new URL(endpoint ?? `https://${service}.${region}.amazonaws.com`)
  const post = poster(place, tryMs)
  return async (operation, input) => {
    const body = JSON.stringify(input)
    const headers = {
      host: place.host,
      'content-type': contentType,
      'x-amz-target': `${target}.${operation}`,
    }
    const once = async () => {
      const signing = { service, region, credentials: await credentials(), now: now() }
      return outputOf(await post(signedPost(signing, { headers, body }), body))
    }
    return tried(once, tryMs)
  }
}

/** Starts no try later than 1.5 times `tryMs`, so there is no third try after two timeouts. */
async function tried<T>(once: () => Promise<T>, tryMs: number): Promise<T> {
  const began = performance.now()
  for (let tries = 1; ; tries += 1) {
    try {
      return await once()
    } catch (error) {
      const late = performance.now() - began > tryMs * 1.5
      if (tries === TRIES || late || !mayPass(error)) throw error
      await sleep(Math.random() * PAUSE_MS * 2 ** (tries - 1))
    }
  }
}

/**
 * True for refusals that the services ask to retry, for refused times of signatures, and for all connection errors. After such
 * an error, the first write may have succeeded.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('status' in error) return Number(error.status) >= 500 || [...BUSY, ...UNTIMELY].includes(error.name)
  return 'code' in error || error.name === LATE
}

const LATE = 'TimeoutError'
const BUSY = [
  ...['LimitExceededException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded'],
  ...['ThrottlingException', 'TooManyRequestsException', 'TransactionInProgressException'],
]
/** The signature's time was refused, because a clock was just set here or at AWS. The next try makes a new signature. */
const UNTIMELY = ['InvalidSignatureException', 'RequestExpired']

interface Reply {
  readonly status: number
  readonly text: string
}

type Post = (headers: Readonly<Record<string, string>>, body: string) => Promise<Reply>

/** Keeps connections alive, because a new one takes longer than the call itself. */
function poster({ protocol, hostname, port }: URL, timeoutMs: number): Post {
  const isHttps = protocol === 'https:'
  const agent = new (isHttps ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: SOCKETS })
  const to: RequestOptions = { agent, hostname, port, method: 'POST', path: '/' }
  const begin = (headers: object): ClientRequest =>
    (isHttps ? httpsRequest : httpRequest)({ ...to, headers: { ...headers } })
  return function post(headers, body) {
    return new Promise((resolve, reject) => {
      const request = begin({ ...headers, 'content-length': Buffer.byteLength(body) })
      let timer: NodeJS.Timeout | undefined
      // The timer starts with the connection, so that many calls that wait for one do not all time out together.
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(late(hostname, timeoutMs)), timeoutMs)
      })
      const ended = (give: () => void): void => {
        clearTimeout(timer)
        give()
      }
      const failed = (cause: unknown): void =>
        // A server may close a kept connection just when it is used again. Then try a new connection
        // (https://nodejs.org/api/http.html#requestreusedsocket).
        ended(() => (request.reusedSocket && isReset(cause) ? resolve(post(headers, body)) : reject(cause)))
      request.on('error', failed)
      request.on('response', (response) => {
        const { statusCode: status = 0 } = response
        textOf(response).then((text) => ended(() => resolve({ status, text })), failed)
      })
      request.end(body)
    })
  }
}

const isReset = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET'

const late = (host: string, milliseconds: number): Error =>
  named(LATE, `${host} has not answered in ${milliseconds} ms`)

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The body of a successful reply. @throws {Error} with AWS's own name, and the member `status`. */
function outputOf({ status, text }: Reply): object {
  const body = objectOf(text)
  if (status === 200 && body !== undefined) return body
  const { __type: type = `Status${status}`, message, Message = message } = body ?? {}
  // `com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException` -> `ConditionalCheckFailedException`.
  const name = String(type).replace(/^.*#/, '')
  throw Object.assign(named(name, String(Message ?? `an answer with status ${status}`)), { status })
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
