// Parses a verified request into an operation. Unknown parts of a request are refused, never ignored.

import { type IncomingMessage, type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Verified } from '../iam/sigv4.ts'
import { single } from '../iam/sigv4-claim.ts'
import type { Principal } from '../wire/types.ts'
import { CHECKSUMS } from './digests.ts'
import { S3Error } from './errors.ts'

const OPERATIONS = { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject' } as const
type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS]

export interface Call {
  readonly operation: Operation
  readonly principal: Principal
  readonly bucket: string
  readonly key: string
  /** the signed value of `x-amz-content-sha256` */
  readonly payload: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** A query parameter. */
  parameter(name: string): string | undefined
  /** A header. A presigned query may contain `x-amz-*` headers as parameters instead. */
  header(name: string): string | undefined
  /** Names of all `x-amz-*` headers, from the headers and from a presigned query. */
  readonly amzHeaders: readonly string[]
}

const MAX_KEY_BYTES = 1024

const AMZ_COMMON = ['algorithm', 'content-sha256', 'credential', 'date', 'expires', 'security-token']
  .concat('signature', 'signedheaders', 'user-agent')
  .map((name) => `x-amz-${name}`)

/** Standard headers that an object keeps, and that a signed query may override. */
export const KEPT = ['cache-control', 'content-disposition', 'content-encoding', 'content-language'].concat(
  'content-type',
  'expires',
)

interface Known {
  readonly parameters: readonly string[]
  readonly amz: readonly string[]
  /** standard headers that would change the meaning, and are not supported */
  readonly refused: readonly string[]
}
const OVERRIDES = KEPT.map((name) => `response-${name}`)
const READ: Known = { parameters: OVERRIDES, amz: ['x-amz-checksum-mode'], refused: [] }
const KNOWN: Readonly<Record<Operation, Known>> = {
  GetObject: READ,
  HeadObject: READ,
  PutObject: {
    parameters: [],
    amz: ['x-amz-sdk-checksum-algorithm', ...CHECKSUMS.map((name) => `x-amz-checksum-${name}`)],
    refused: ['if-match', 'if-modified-since', 'if-unmodified-since'],
  },
}

/** @throws {S3Error} if the operation, or any part of the request, is unknown here */
export function callOf(
  prefix: string,
  { principal, payload, target, presigned }: Verified,
  request: IncomingMessage,
  response: ServerResponse,
): Call {
  const at = placeOf(prefix, target.path)
  const operation = operationOf(request.method ?? '', at.key)
  const hoisted = presigned ? target.query : new Map<string, string>()
  const header = (name: string) =>
    single(request.headers, name) ?? (isAmz(name) ? hoisted.get(name) : undefined)
  const amzHeaders = [...new Set([...Object.keys(request.headers), ...hoisted.keys()])].filter(isAmz)
  const parameter = (name: string) => target.query.get(name)
  const call = { ...at, operation, principal, payload, request, response, parameter, header, amzHeaders }
  const parameters = [...target.query.keys()].filter((name) => !presigned || !isAmz(name))
  refuseUnknown(call, parameters)
  return call
}

const isAmz = (name: string): boolean => name.startsWith('x-amz-')

/** Node does not check headers that come from a query. */
export function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

function placeOf(prefix: string, path: string): Pick<Call, 'bucket' | 'key'> {
  if (!path.startsWith(`${prefix}/`)) throw new S3Error('InvalidRequest', `The path is not below ${prefix}.`)
  const [bucket = '', ...rest] = path.slice(prefix.length + 1).split('/')
  const key = rest.join('/')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError', 'The key is too long.')
  return { bucket, key }
}

function operationOf(method: string, key: string): Operation {
  if (key !== '' && Object.hasOwn(OPERATIONS, method)) return OPERATIONS[method as keyof typeof OPERATIONS]
  throw new S3Error('NotImplemented', 'Only GET, HEAD and PUT of an object are implemented.')
}

function refuseUnknown({ operation, parameter, header, amzHeaders }: Call, parameters: string[]): void {
  const known = KNOWN[operation]
  const isMeta = (name: string) => operation === 'PutObject' && name.startsWith('x-amz-meta-')
  const unknown = [
    ...parameters.filter((name) => !known.parameters.includes(name) && name !== 'x-id'),
    ...amzHeaders.filter((name) => ![...AMZ_COMMON, ...known.amz].includes(name) && !isMeta(name)),
    ...known.refused.filter((name) => header(name) !== undefined),
  ]
  if (unknown.length > 0)
    throw new S3Error('NotImplemented', `Not implemented for ${operation}: ${unknown.join(', ')}`)
  if ((parameter('x-id') ?? operation) !== operation) {
    throw new S3Error('InvalidArgument', `x-id names another operation than ${operation}.`)
  }
}
