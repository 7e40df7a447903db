// Lambda's Invoke for asynchronous events only, which is all that an operator needs.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError, authorize, readBody } from '../wire/aws-json.ts'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import type { Principal, Service } from '../wire/types.ts'
import type { Deliveries } from './deliveries.ts'
import type { Fn, Functions } from './lambda.ts'

export const INVOKE_PREFIX = '/2015-03-31/functions/'

interface InvokeOptions {
  readonly functions: Functions
  readonly deliveries: Deliveries
  /** returns undefined if the signature is not valid */
  readonly authenticate: (request: IncomingMessage, body: Buffer) => Principal | undefined
}

/** Limit of an asynchronous event in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_EVENT = 1024 * 1024

export function createInvokeApi(options: InvokeOptions): Service {
  return async (request, response) => {
    try {
      await accept(request, options)
      response.writeHead(202, { 'content-length': 0 }).end()
    } catch (error) {
      refuse(response, error)
    }
  }
}

/** After it resolves, the event survives the death of the process. */
async function accept(request: IncomingMessage, { functions, deliveries, authenticate }: InvokeOptions) {
  const body = await readBody(request, MAX_EVENT)
  const caller = authenticate(request, body)
  if (caller === undefined)
    throw new AwsError('InvalidSignatureException', 'The request signature is not valid', 403)
  const fn = found(functions, request.url ?? '')
  authorize(caller, 'lambda:InvokeFunction', fn?.arn ?? request.url ?? '')
  if (fn === undefined) throw new AwsError('ResourceNotFoundException', 'Function not found', 404)
  if (request.method !== 'POST' || request.headers['x-amz-invocation-type'] !== 'Event')
    throw new AwsError('InvalidParameterValueException', 'only InvocationType Event is known on one machine')
  deliveries.accept(fn, eventOf(body))
}

/** Parses `NAME/invocations`, with an alias or a version in `?Qualifier=`. */
function found(functions: Functions, url: string): Fn | undefined {
  const { pathname, searchParams } = new URL(url, 'http://lambda')
  const name = /^([A-Za-z0-9_-]+)\/invocations$/.exec(pathname.slice(INVOKE_PREFIX.length))?.[1]
  const qualifier = searchParams.get('Qualifier')
  try {
    return functions.find([name ?? '', ...(qualifier === null ? [] : [qualifier])].join(':'))
  } catch {
    return undefined
  }
}

function eventOf(body: Buffer): JsonObject {
  try {
    const event = JSON.parse(body.toString('utf8')) as Json
    if (isObject(event)) return event
  } catch {}
  throw new AwsError('InvalidRequestContentException', 'the event is not a JSON object')
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const { status, code } = error instanceof AwsError ? error : { status: 500, code: 'ServiceException' }
  const text = JSON.stringify({
    Type: status < 500 ? 'User' : 'Server',
    message: error instanceof Error ? error.message : String(error),
  })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-amzn-errortype': code,
  })
  response.end(text)
}
