// Signs requests with Signature Version 4, in the headers of a POST or in the query of a URL.
// Hand-written, because AWS's libraries would slow the cold start of functions that answer requests.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Scope and time of a signature. */
interface Signing {
  /** name in the credential scope, e.g. `s3`, `dynamodb`, `events` */
  readonly service: string
  readonly region: string
  readonly credentials: Credentials
  /** milliseconds since the epoch */
  readonly now: number
}

type Texts = Readonly<Record<string, string>>

const ALGORITHM = 'AWS4-HMAC-SHA256'

interface Post {
  /** names in lower case; must contain `host` */
  readonly headers: Texts
  readonly body: string
  /** default `/`; path and query must contain no character that needs percent-encoding */
  readonly path?: string
  readonly query?: string
}

/** Returns the headers with the signature added. */
export function signedPost(signing: Signing, { headers, body, path = '/', query = '' }: Post): Texts {
  const { accessKeyId, sessionToken } = signing.credentials
  const { time, scope, signatureOf } = signerOf(signing)
  const all: Texts = {
    ...headers,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const names = Object.keys(all).sort()
  const lines = names.map((name) => `${name}:${all[name]}`)
  const canonical = ['POST', path, query, ...lines, '', names.join(';'), hash('sha256', body)]
  return {
    ...all,
    authorization: `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signatureOf(canonical)}`,
  }
}

interface Presigned {
  readonly method: string
  readonly host: string
  /** as sent: percent-encoded once */
  readonly path: string
  readonly query: Texts
  readonly expiresSeconds: number
}

/**
 * Returns `query` with its signature, encoded. It signs no header except the host, and no body, so the holder of the URL may send
 * any other headers and any body. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function signedQuery(signing: Signing, presigned: Presigned): string {
  const { method, host, path, query, expiresSeconds } = presigned
  const { accessKeyId, sessionToken } = signing.credentials
  const { time, scope, signatureOf } = signerOf(signing)
  const all: Texts = {
    ...query,
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresSeconds),
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
    'X-Amz-SignedHeaders': 'host',
    'x-amz-content-sha256': UNSIGNED,
  }
  const sorted = Object.entries(all)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
  const canonical = [method, path, sorted, `host:${host}`, '', 'host', UNSIGNED]
  return `${sorted}&X-Amz-Signature=${signatureOf(canonical)}`
}

const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** Percent-encodes all characters except the unreserved ones of RFC 3986. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** `time`: `20261123T120000Z`. `scope`: `20261123/eu-central-1/s3/aws4_request`. */
function signerOf({ now, region, service, credentials }: Signing) {
  const time = new Date(now).toISOString().replace(/[:-]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  /** Returns the signature in lower-case hex. `canonical`: lines of the canonical request. */
  const signatureOf = (canonical: readonly string[]): string => {
    const text = [ALGORITHM, time, scope, hash('sha256', canonical.join('\n'))].join('\n')
    return createHmac('sha256', signingKey(credentials.secretAccessKey, scope)).update(text).digest('hex')
  }
  return { time, scope, signatureOf }
}

/** Keeps derived keys, so that each is derived once for each secret, day, region and service. */
function signingKey(secret: string, scope: string): KeyObject {
  const id = `${secret}/${scope}`
  const known = derived.get(id)
  if (known !== undefined) return known
  const key = createSecretKey(scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)))
  if (derived.size >= MOST_DERIVED) derived.clear()
  derived.set(id, key)
  return key
}
const MOST_DERIVED = 16
const derived = new Map<string, KeyObject>()

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
