// The services of AWS that speak JSON: each call is one signed POST, made again where that may help.

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
 * One operation, by its name and its input as the service's API reference has them. Rejects with an Error whose name is
 * AWS's own, e.g. `ConditionalCheckFailedException`, or with the connection's.
 */
export type Call = (operation: string, input: object) => Promise<object>

export interface Api {
  /** in the credential scope, and in the name of the service's host */
  readonly service: string
  /** what X-Amz-Target begins with */
  readonly target: string
  readonly contentType: string
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
export const DYNAMODB: Api = {
  service: 'dynamodb',
  target: 'DynamoDB_20120810',
  contentType: 'application/x-amz-json-1.0',
}
/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const EVENTS: Api = {
  service: 'events',
  target: 'AWSEvents',
  contentType: 'application/x-amz-json-1.1',
}
/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html */
export const QUOTAS: Api = {
  service: 'servicequotas',
  target: 'ServiceQuotasV20190624',
  contentType: 'application/x-amz-json-1.1',
}
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html */
export const LOGS: Api = {
  service: 'logs',
  target: 'Logs_20140328',
  contentType: 'application/x-amz-json-1.1',
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html */
export const QUEUES: Api = {
  service: 'sqs',
  target: 'AmazonSQS',
  contentType: 'application/x-amz-json-1.0',
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export const SECRETS: Api = {
  service: 'secretsmanager',
  target: 'secretsmanager',
  contentType: 'application/x-amz-json-1.1',
}

interface ApiOptions {
  /** e.g. `http://127.0.0.1:8080`; without it the service's own in AWS */
  readonly endpoint: string | undefined
  readonly region: string
  readonly credentials: () => Promise<Credentials>
  readonly now: Clock
  /** milliseconds that one try has, once it has a connection, for its whole answer; 4000 unless said otherwise */
  readonly tryMs?: number
}

const TRIES = 3
/** Milliseconds, so that two tries end before the ten seconds of the function that a client waits for. */
const TRY_MS = 4000
/** Milliseconds before the second try at most, and twice that before the third: by chance, so that not all come at once. */
const PAUSE_MS = 50
/** Connections of one process to one service. */
const SOCKETS = 50

export function createCall({ service, target, contentType }: Api, options: ApiOptions): Call {
  const { endpoint, region, credentials, now, tryMs = TRY_MS } = options
  const place = new URL(endpoint ?? `https://${service}.${region}.amazonaws.com`)
  const post = poster(place, tryMs)
  return async (operation, input) => {
    const body = JSON.stringify(input)
    const to = { host: place.host, 'content-type': contentType, 'x-amz-target': `${target}.${operation}` }
    const once = async () => {
      const signing = { service, region, credentials: await credentials(), now: now() }
      return outputOf(await post(signedPost(signing, to, body), body))
    }
    return tried(once, tryMs)
  }
}

/** None begins when one and a half tries' time is over: a third one only where the others were refused at once. */
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
 * Of refusals those that the services ask to try again, and those of a signature's moment; of connections whatever became of
 * them, and so of a write that may have been made.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('status' in error) return Number(error.status) >= 500 || [...BUSY, ...UNTIMELY].includes(error.name)
  return 'code' in error || error.name === LATE
}

const LATE = 'TimeoutError'
const BUSY = [
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]
/** What was signed just before a clock was set, here or there, is signed anew. */
const UNTIMELY = ['InvalidSignatureException', 'RequestExpired']

interface Reply {
  readonly status: number
  readonly text: string
}

type Post = (headers: Readonly<Record<string, string>>, body: string) => Promise<Reply>

/** On connections that are kept: a new one costs more than the call. */
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
      // From when it has a connection: a crowd that waits for one is served in its turn, not sent away to come again.
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(late(hostname, timeoutMs)), timeoutMs)
      })
      const ended = (give: () => void): void => {
        clearTimeout(timer)
        give()
      }
      const failed = (cause: unknown): void =>
        // A server may close a connection that was kept just as it is used again: that says nothing of the server, and a new
        // one is tried (https://nodejs.org/api/http.html#requestreusedsocket).
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

/** The body of what went well. What did not is an Error with AWS's name for it, and the status. */
function outputOf({ status, text }: Reply): object {
  const body = objectOf(text)
  if (status === 200 && body !== undefined) return body
  const { __type: type = `Status${status}`, message, Message = message } = body ?? {}
  // As `com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException`.
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
