// Calls AWS services with JSON APIs: each call is one signed POST, which is repeated after errors that may pass.
// Hand-written, because the SDK's clients would slow the cold start of functions that answer requests.

import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../model/errors.ts'
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
  /** of the content type */
  readonly json: '1.0' | '1.1'
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
export const DYNAMODB: Api = { service: 'dynamodb', target: 'DynamoDB_20120810', json: '1.0' }
/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const EVENTS: Api = { service: 'events', target: 'AWSEvents', json: '1.1' }
/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html */
export const QUOTAS: Api = { service: 'servicequotas', target: 'ServiceQuotasV20190624', json: '1.1' }
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html */
export const LOGS: Api = { service: 'logs', target: 'Logs_20140328', json: '1.1' }
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html */
export const QUEUES: Api = { service: 'sqs', target: 'AmazonSQS', json: '1.0' }
/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export const SECRETS: Api = { service: 'secretsmanager', target: 'secretsmanager', json: '1.1' }

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
  { service, target, json }: Api,
  { endpoint, region, credentials, now, tryMs = TRY_MS }: ApiOptions & { readonly tryMs?: number },
): Call {
  const place = new URL(endpoint ?? `https://${service}.${region}.amazonaws.com`)
  const post = poster(place, tryMs)
  return async (operation, input) => {
    const body = JSON.stringify(input)
    const headers = {
      host: place.host,
      'content-type': `application/x-amz-json-${json}`,
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
  if ('status' in error) return Number(error.status) >= 500 || REFUSALS.includes(error.name)
  return 'code' in error || error.name === LATE
}

const LATE = 'TimeoutError'
const REFUSALS = [
  ...['LimitExceededException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded'],
  ...['ThrottlingException', 'TooManyRequestsException', 'TransactionInProgressException'],
  // The signature's time was refused, because a clock was just set here or at AWS. The next try makes a new signature.
  ...['InvalidSignatureException', 'RequestExpired'],
]

interface Reply {
  readonly status: number
  readonly text: string
}

/** Keeps connections alive, because a new one takes longer than the call itself. */
function poster({ protocol, hostname, port }: URL, timeoutMs: number) {
  const [Agent, begin] = protocol === 'https:' ? [HttpsAgent, httpsRequest] : [HttpAgent, httpRequest]
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS })
  const late = () => named(LATE, `${hostname} has not answered in ${timeoutMs} ms`)
  return function post(headers: Readonly<Record<string, string>>, body: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = begin({
        ...{ agent, hostname, port, method: 'POST', path: '/' },
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      })
      let timer: NodeJS.Timeout | undefined
      // The timer starts with the connection, so that many calls that wait for one do not all time out together.
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(late()), timeoutMs)
      })
      const failed = (cause: unknown): void => {
        clearTimeout(timer)
        // A server may close a kept connection just when it is used again. Then try a new connection
        // (https://nodejs.org/api/http.html#requestreusedsocket).
        if (request.reusedSocket && codeOf(cause) === 'ECONNRESET') resolve(post(headers, body))
        else reject(cause)
      }
      request.on('error', failed)
      request.on('response', (response) => {
        const { statusCode: status = 0 } = response
        buffer(response).then((bytes) => {
          clearTimeout(timer)
          resolve({ status, text: bytes.toString() })
        }, failed)
      })
      request.end(body)
    })
  }
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

/** `undefined`: the text is not JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `undefined`: the text is not JSON of an object or a list. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = jsonIn(text)
  return value instanceof Object ? { ...value } : undefined
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
