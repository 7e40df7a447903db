// AWS's JSON protocol: checks the signature, parses target and body, and runs the operation.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type JsonObject, parseObject } from './json.ts'
import type { Principal, Sender, Service } from './types.ts'

/** An error response; the SDK uses `code` as the name of the exception. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** Runs one operation, and returns the body of the response. */
export type Operation = (input: JsonObject, caller: Principal) => JsonObject | Promise<JsonObject>
export type Operations = Readonly<Record<string, Operation>>

interface Call {
  readonly operation: string
  readonly input: JsonObject
  readonly caller: Principal
}
/** Handles one request completely, including its response. */
export type RawService = (call: Call, request: IncomingMessage, response: ServerResponse) => void

const MAX_BODY = 16 * 1024 * 1024

/**
 * `services`: by the part of X-Amz-Target before the dot. The operations call `authorize` to check the caller's policies,
 * because only they know the resource.
 */
export function createAwsJson(options: {
  /** Verifies a request's signature; `undefined` if it is not valid. */
  authenticate(request: IncomingMessage, body: Buffer): Principal | undefined
  readonly services: Readonly<Record<string, Operations | RawService>>
}): Service {
  return async (request, response) => {
    try {
      const body = await readBody(request, MAX_BODY)
      const [target = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.')
      const service = Object.hasOwn(options.services, target) ? options.services[target] : undefined
      if (service === undefined) throw new AwsError('UnknownOperationException', `no service ${target}`)
      const caller = options.authenticate(request, body)
      if (caller === undefined)
        throw new AwsError('InvalidSignatureException', 'The request signature is not valid', 403)
      const input = parseObject(body.toString())
      if (input === undefined) throw new AwsError('SerializationException', 'the body is not a JSON object')
      if (typeof service === 'function') return service({ operation, input, caller }, request, response)
      if (!Object.hasOwn(service, operation))
        throw new AwsError('UnknownOperationException', `operation ${operation} is not known here`)
      send(response, 200, await service[operation]!(input, caller))
    } catch (error) {
      fail(response, error)
    }
  }
}

/** @throws {AwsError} AccessDeniedException if the caller's policies do not allow it */
export function authorize(
  caller: Sender,
  action: string,
  resource: string,
  context?: Readonly<Record<string, string>>,
): void {
  if (caller.may(action, resource, context)) return
  throw new AwsError(
    'AccessDeniedException',
    `User: ${caller.name} is not authorized to perform: ${action} on resource: ${resource}`,
  )
}

/** @throws {AwsError} ValidationException, with the name of the missing member */
export function member(input: JsonObject, name: string): string {
  const value = input[name]
  if (typeof value !== 'string' || value === '')
    throw new AwsError('ValidationException', `${name} is missing`)
  return value
}

/**
 * Rejects if there are more than `max` bytes. It reads and drops up to as many again, because otherwise the sender would not
 * receive the error. Uses the stream's events: its iterator costs as much as a small response.
 */
export function readBody(request: IncomingMessage, max: number): Promise<Buffer> {
  if (isBodiless(request)) return NO_BODY
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= max) return void chunks.push(chunk)
      chunks = []
      reject(new AwsError('RequestEntityTooLargeException', `more than ${max} bytes`, 413))
      if (size > 2 * max) request.destroy()
    })
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.once('error', reject)
    request.once('close', () => reject(new Error('the request was broken off')))
  })
}

const NO_BODY = Promise.resolve(Buffer.alloc(0))

/** RFC 9112, 6.3: only these headers announce a body. */
const isBodiless = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] === undefined && headers['transfer-encoding'] === undefined

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const { status, code } = error instanceof AwsError ? error : { status: 500, code: 'InternalFailure' }
  const message = error instanceof Error ? error.message : String(error)
  send(response, status, { __type: code, message, Message: message })
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
  })
  response.end(text)
}
