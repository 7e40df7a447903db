// S3's errors: their codes, statuses and XML.

import type { ServerResponse } from 'node:http'
import { SignatureError } from '../iam/sigv4-claim.ts'

const STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  ConditionalRequestConflict: 409,
  EntityTooLarge: 400,
  // Status 400 is from https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorCodeBilling.html.
  ExpiredToken: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  KeyTooLongError: 400,
  MetadataTooLarge: 400,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const
type S3Code = keyof typeof STATUS

export class S3Error extends Error {
  readonly code: S3Code
  readonly headers: Readonly<Record<string, string>>
  constructor(code: S3Code, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'S3Error'
    this.code = code
    this.headers = headers
  }
}

/** Returns S3's own errors, translates signature errors, and hides all others behind `InternalError`. */
export function s3ErrorOf(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  if (!(error instanceof SignatureError))
    return new S3Error('InternalError', 'We encountered an internal error.')
  return new S3Error(error.code === 'MissingAuthentication' ? 'AccessDenied' : error.code, error.message)
}

export function sendError(response: ServerResponse, { code, message, headers }: S3Error): void {
  const error = `<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${error}`
  response.writeHead(STATUS[code], {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** Writes control characters as character references, as S3 does, because a key may contain any. */
const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
  text.replace(/[&<>"\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`)
