// Calls to AWS services that speak JSON: each call is one signed POST, repeated where that may help.
// Hand-written, so that functions that answer requests start without the SDK's clients.

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
  /** e.g. `http://127.0.0.1:8080`; `undefined`: the service's own in AWS */
  readonly endpoint: string | undefined
  readonly region: string
  readonly credentials: () => Promise<Credentials>
  readonly now: Clock
}

const TRIES = 3
/** Milliseconds of one try, once it has a connection: two tries end before the ten seconds of `resolve` are over. */
const TRY_MS = 4000
/** The most milliseconds before the second try, and half the most before the third: random, so that not all come at once. */
const PAUSE_MS = 50
/** Connections of one process to one service. */
const SOCKETS = 50

/** `tryMs`: milliseconds that one try has for its complete answer, once it has a connection. */
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

/** No try begins after the time of one and a half tries: a third one only where the others were refused at once. */
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
 * Refusals that the services ask to retry, refusals of a signature's time, and all faults of connections; the write may have
 * been made already.
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
/** Signed just before a clock was set, here or there: the next try signs anew. */
const UNTIMELY = ['InvalidSignatureException', 'RequestExpired']

interface Reply {
  readonly status: number
  readonly text: string
}

type Post = (headers: Readonly<Record<string, string>>, body: string) => Promise<Reply>

/** Keeps connections alive: a new one costs more than the call. */
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
      // From the connection on: many calls that wait for one are served in turn, instead of timing out together.
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(late(hostname, timeoutMs)), timeoutMs)
      })
      const ended = (give: () => void): void => {
        clearTimeout(timer)
        give()
      }
      const failed = (cause: unknown): void =>
        // A server may close a kept connection just as it is used again; a new one is tried
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

/** The body of a success. A failure is an Error with AWS's name for it, and the status. */
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
