// AWS Signature Version 4: parses the signature that a request claims, and verifies nothing.

import type { IncomingHttpHeaders } from 'node:http'

type SignatureCode =
  /** neither an Authorization header nor a presigned query */
  | 'MissingAuthentication'
  /** the request line, the header or the query cannot be parsed, or contradicts itself */
  | 'InvalidRequest'
  | 'AuthorizationHeaderMalformed'
  | 'AuthorizationQueryParametersError'
  | 'InvalidAccessKeyId'
  | 'InvalidToken'
  /** the session of the access key has ended */
  | 'ExpiredToken'
  | 'SignatureDoesNotMatch'
  | 'RequestTimeTooSkewed'
  /** a presigned request outside its validity, or an unsigned header that must be signed */
  | 'AccessDenied'

/** Why no signer was found. The message never contains a signature, a token or a query. */
export class SignatureError extends Error {
  readonly code: SignatureCode
  constructor(code: SignatureCode, message: string) {
    super(message)
    this.name = 'SignatureError'
    this.code = code
  }
}

/** A request-target, decoded once, so that the service reads exactly the verified text. */
export interface Target {
  /** undecoded */
  readonly rawPath: string
  readonly path: string
  /** decoded; names that begin with `x-amz-` are in lower case */
  readonly query: ReadonlyMap<string, string>
  /** decoded, in the order and the case of the request */
  readonly pairs: readonly (readonly [string, string])[]
}

export interface Claim {
  readonly presigned: boolean
  readonly accessKeyId: string
  /** `YYYYMMDD/region/service/aws4_request` */
  readonly scope: readonly [day: string, region: string, service: string, end: string]
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly amzDate: string
  readonly token: string | undefined
  /** seconds; presigned only */
  readonly expires: string | undefined
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** @throws {SignatureError} InvalidRequest for a bad percent escape or a parameter that appears twice */
export function parseTarget(url: string): Target {
  const mark = url.indexOf('?')
  const rawPath = mark < 0 ? url : url.slice(0, mark)
  if (!rawPath.startsWith('/')) throw invalid('The request-target is not a path.')
  const fields = mark < 0 ? [] : url.slice(mark + 1).split('&')
  const pairs = fields.filter((field) => field !== '').map(pairOf)
  const query = new Map(
    pairs.map(([name, value]) => [/^x-amz-/i.test(name) ? name.toLowerCase() : name, value]),
  )
  if (query.size !== pairs.length) throw invalid('A query parameter is given twice.')
  return { rawPath, path: decode(rawPath), query, pairs }
}

function pairOf(field: string): [string, string] {
  const equals = field.indexOf('=')
  return equals < 0 ? [decode(field), ''] : [decode(field.slice(0, equals)), decode(field.slice(equals + 1))]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('The request-target holds a bad percent escape.')
  }
}

export const invalid = (message: string) => new SignatureError('InvalidRequest', message)

/**
 * Parses the signature from the header or from the query, never both.
 *
 * S3 refuses a presigned request that has an `Authorization` header. It rarely gets one, because clients drop the header when
 * they follow a redirect from the registry to S3's host. Here both are ports of one host, and then Go's client and curl's
 * `--location-trusted` keep the header. If the query is signed, a header that is not AWS's was meant for a proxy, and is ignored.
 * @throws {SignatureError}
 */
export function claimOf(headers: IncomingHttpHeaders, target: Target): Claim {
  const inQuery = target.query.has('x-amz-algorithm')
  const { authorization } = headers
  if (authorization === undefined || (inQuery && !AWS_SCHEME.test(authorization))) {
    if (inQuery) return claimOfQuery(target.query)
    throw new SignatureError('MissingAuthentication', 'The request is not signed.')
  }
  if (inQuery) throw invalid('The request is signed in its header and in its query.')
  return claimOfHeader(authorization, headers)
}

/** Matches signature versions 4 and 2. */
const AWS_SCHEME = /^\s*AWS/i

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([^,\s]+)$/

function claimOfHeader(authorization: string, headers: IncomingHttpHeaders): Claim {
  const code = 'AuthorizationHeaderMalformed'
  const [, credential, signedHeaders, signature] = AUTHORIZATION.exec(authorization) ?? []
  return {
    ...partsOf(code, { credential, signedHeaders, signature, amzDate: single(headers, 'x-amz-date') }),
    presigned: false,
    token: single(headers, 'x-amz-security-token'),
    expires: undefined,
  }
}

function claimOfQuery(query: ReadonlyMap<string, string>): Claim {
  const code = 'AuthorizationQueryParametersError'
  const get = (name: string) => query.get(`x-amz-${name}`)
  if (get('algorithm') !== ALGORITHM) throw new SignatureError(code, `X-Amz-Algorithm is not ${ALGORITHM}.`)
  return {
    ...partsOf(code, {
      ...{ credential: get('credential'), signedHeaders: get('signedheaders') },
      ...{ signature: get('signature'), amzDate: get('date') },
    }),
    presigned: true,
    token: get('security-token'),
    expires: get('expires') ?? '',
  }
}

type Given = Readonly<Record<'credential' | 'signedHeaders' | 'signature' | 'amzDate', string | undefined>>

function partsOf(code: SignatureCode, given: Given) {
  const { credential = '', signedHeaders = '', signature = '', amzDate = '' } = given
  const [, accessKeyId, day, region, service, end] =
    /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/(aws4_request)$/.exec(credential) ?? []
  if (!accessKeyId || !day || !region || !service || !end) {
    throw new SignatureError(code, 'The credential is missing or malformed.')
  }
  if (signedHeaders === '') throw new SignatureError(code, 'The list of signed headers is missing.')
  if (!/^[0-9a-f]{64}$/.test(signature))
    throw new SignatureError(code, 'The signature is missing or malformed.')
  if (!/^\d{8}T\d{6}Z$/.test(amzDate) || !amzDate.startsWith(day)) {
    throw new SignatureError(code, 'The date is missing, malformed, or not the credential’s.')
  }
  const scope = [day, region, service, end] as const
  return { accessKeyId, scope, signedHeaders: signedHeaders.split(';'), signature, amzDate }
}

/** Returns a header, with repeated values joined by commas. */
export function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return Array.isArray(value) ? value.join(',') : value
}
