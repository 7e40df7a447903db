// AWS Signature Version 4, the verifying side: finds the known principal that signed a request.

import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { sha256 } from '../wire/digest.ts'
import { type Clock, type Principal, type Principals, REGION } from '../wire/types.ts'
import {
  ALGORITHM,
  type Claim,
  claimOf,
  invalid,
  parseTarget,
  SignatureError,
  single,
  type Target,
} from './sigv4-claim.ts'

export interface SignedRequest {
  readonly method: string
  /** the request-target as received */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** lower-case hex; every service except s3 needs it, because s3's clients declare it in a header */
  readonly bodySha256?: string
}

interface Verifier {
  readonly principals: Principals
  readonly now: Clock
  /** name in the credential scope, e.g. `s3`, `dynamodb`, `events` */
  readonly service: string
}

export interface Verified {
  readonly principal: Principal
  readonly presigned: boolean
  /** lower-case names */
  readonly signedHeaders: readonly string[]
  /** the signed digest of the body: a lower-case hex sha256, or for s3 also `UNSIGNED-PAYLOAD` and the like */
  readonly payload: string
  readonly target: Target
}

const MAX_SKEW_MS = 15 * 60 * 1000
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600

/**
 * Finds who signed the request, in its header or its query.
 * For s3 the body has not been read yet: the caller compares it with `payload` while it arrives.
 * @throws {SignatureError}
 */
export function verifyRequest(request: SignedRequest, { principals, now, service }: Verifier): Verified {
  const target = parseTarget(request.url)
  const claim = claimOf(request.headers, target)
  const principal = principals(claim.accessKeyId)
  if (principal === undefined) throw new SignatureError('InvalidAccessKeyId', 'The access key id is unknown.')
  checkScope(claim, service)
  checkTime(claim, now())
  checkSignedHeaders(claim, request.headers)
  const payload = payloadOf(request, target, claim)
  const canonical = canonicalRequest(request, target, claim, payload)
  const expected = signatureOf(principal.secretAccessKey, claim, canonical)
  if (!equalSecrets(expected, claim.signature)) {
    throw new SignatureError('SignatureDoesNotMatch', 'The signature does not match the request.')
  }
  checkSession(claim, principal, now())
  return { principal, presigned: claim.presigned, signedHeaders: claim.signedHeaders, payload, target }
}

function checkScope({ scope: [, region, name], presigned }: Claim, service: string): void {
  if (region === REGION && name === service) return
  const code = presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed'
  throw new SignatureError(code, `The credential should be scoped to ${REGION} and ${service}.`)
}

function checkTime({ amzDate, expires }: Claim, now: number): void {
  const signedAt = Date.parse(amzDate.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (expires === undefined) {
    if (Math.abs(now - signedAt) <= MAX_SKEW_MS) return
    throw new SignatureError('RequestTimeTooSkewed', 'The request was signed too long ago, or too far ahead.')
  }
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0
  if (seconds < 1 || seconds > MAX_EXPIRES_SECONDS) {
    const message = `X-Amz-Expires must be from 1 to ${MAX_EXPIRES_SECONDS} seconds.`
    throw new SignatureError('AuthorizationQueryParametersError', message)
  }
  if (!(signedAt <= now + MAX_SKEW_MS)) throw new SignatureError('AccessDenied', 'Request is not yet valid')
  if (now > signedAt + seconds * 1000) throw new SignatureError('AccessDenied', 'Request has expired')
}

/** Headers that control the service must be signed, so that nobody on the path can add one. */
function checkSignedHeaders({ signedHeaders }: Claim, headers: IncomingHttpHeaders): void {
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  const unsigned = needed.filter((name) => !signedHeaders.includes(name))
  if (unsigned.length === 0) return
  throw new SignatureError(
    'AccessDenied',
    `There were headers present which were not signed: ${unsigned.join(', ')}`,
  )
}

/**
 * Everything that a session signed expires with the session, also a presigned URL with a longer validity:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
 */
function checkSession({ token }: Claim, { sessionToken, endsAt }: Principal, now: number): void {
  if (!equalSecrets(token ?? '', sessionToken))
    throw new SignatureError('InvalidToken', 'The security token is missing or not the access key’s.')
  if (endsAt !== undefined && now >= endsAt)
    throw new SignatureError('ExpiredToken', 'The provided token has expired.')
}

function payloadOf(request: SignedRequest, { query }: Target, claim: Claim): string {
  const [, , service] = claim.scope
  if (service !== 's3') {
    if (request.bodySha256 === undefined)
      throw new TypeError(`${service} requests are verified with their body`)
    return request.bodySha256
  }
  const declared = single(request.headers, 'x-amz-content-sha256') ?? query.get('x-amz-content-sha256')
  if (declared !== undefined) return declared
  if (claim.presigned) return 'UNSIGNED-PAYLOAD'
  throw invalid('The header x-amz-content-sha256 is missing.')
}

function canonicalRequest(
  { method, headers }: SignedRequest,
  target: Target,
  { scope: [, , service], signedHeaders }: Claim,
  payload: string,
): string {
  const lines = signedHeaders.map((name) => `${name}:${canonicalValue(single(headers, name) ?? '')}`)
  const path = encode(service === 's3' ? target.path : target.rawPath).replaceAll('%2F', '/')
  const head = [method, path, canonicalQuery(target)]
  return [...head, ...lines, '', signedHeaders.join(';'), payload].join('\n')
}

const canonicalValue = (value: string): string => value.trim().replace(/\s+/g, ' ')

function canonicalQuery({ pairs }: Target): string {
  const signed = pairs.filter(([name]) => name !== 'X-Amz-Signature')
  const encoded = signed.map(([name, value]) => [encode(name), encode(value)] as const)
  // Names are unique, so sorting by name is enough.
  const sorted = encoded.sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map((pair) => pair.join('=')).join('&')
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function signatureOf(secret: string, { scope, amzDate }: Claim, canonical: string): string {
  const text = [ALGORITHM, amzDate, scope.join('/'), sha256(canonical)].join('\n')
  return createHmac('sha256', signingKey(secret, scope)).update(text).digest('hex')
}

/** Derives the key once per role, day and service. The client chooses the day, so the cache is bounded. */
function signingKey(secret: string, scope: readonly string[]): KeyObject {
  const id = [secret, ...scope].join('/')
  const known = derived.get(id)
  if (known !== undefined) return known
  const key = createSecretKey(scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)))
  if (derived.size >= MOST_DERIVED) derived.clear()
  derived.set(id, key)
  return key
}
const MOST_DERIVED = 64
const derived = new Map<string, KeyObject>()

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Compares secrets of any length in constant time. */
const equalSecrets = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
