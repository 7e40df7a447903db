import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SignedRequest, verifyRequest } from '../../../local/iam/sigv4.ts'
import { SignatureError } from '../../../local/iam/sigv4-claim.ts'
import { OWNER, presign, signerOf } from '../../support/local/s3-lab.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0)
const MINUTE = 60_000
const principals = (id: string) => (id === OWNER.accessKeyId ? OWNER : undefined)

const verify = (request: SignedRequest, service = 's3', now = NOW) =>
  verifyRequest(request, { principals, now: () => now, service })

/** The code of the refusal; `verified` if the request was not refused. */
function outcome(request: SignedRequest, service = 's3', now = NOW): string {
  try {
    verify(request, service, now)
    return 'verified'
  } catch (error) {
    if (error instanceof SignatureError) return error.code
    throw error
  }
}

const digestOf = (body: string) => createHash('sha256').update(body).digest('hex')

async function dynamodbRequest(body = '{"TableName":"probes"}'): Promise<SignedRequest> {
  const headers = { host: '127.0.0.1:1', 'x-amz-target': 'DynamoDB_20120810.GetItem', 'content-type': 'json' }
  const path = '/dynamodb/a%20b'
  const unsigned = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', port: 1, path, headers, body }
  const signed = await signerOf(OWNER, 'dynamodb').sign(unsigned, { signingDate: new Date(NOW) })
  return { method: 'POST', url: path, headers: signed.headers, bodySha256: digestOf(body) }
}

async function presigned(options: Parameters<typeof presign>[2] = {}): Promise<SignedRequest> {
  const url = new URL(await presign(1, '/s3/artifacts/a key', { signingDate: new Date(NOW), ...options }))
  return { method: 'GET', url: url.pathname + url.search, headers: { host: '127.0.0.1:1' } }
}

describe('the examples in the documentation of S3', () => {
  const example = {
    ...OWNER,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    sessionToken: '',
  }
  const verifier = { principals: () => example, now: () => Date.UTC(2013, 4, 24), service: 's3' }
  const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const host = 'examplebucket.s3.amazonaws.com'

  test('a request signed in its header verifies', () => {
    const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
    const headers = {
      host,
      range: 'bytes=0-9',
      'x-amz-content-sha256': digestOf(''),
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
    }
    const { presigned, principal } = verifyRequest({ method: 'GET', url: '/test.txt', headers }, verifier)
    expect({ presigned, principal }).toEqual({ presigned: false, principal: example })
  })

  test('a presigned request verifies', () => {
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeURIComponent(scope)}`,
      'X-Amz-Date=20130524T000000Z',
      'X-Amz-Expires=86400',
      'X-Amz-SignedHeaders=host',
      'X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    ].join('&')
    const verified = verifyRequest({ method: 'GET', url: `/test.txt?${query}`, headers: { host } }, verifier)
    expect(verified).toMatchObject({ presigned: true, payload: 'UNSIGNED-PAYLOAD', signedHeaders: ['host'] })
  })
})

describe('a request signed in its header', () => {
  test('for a service other than S3 is verified with its body and its path encoded twice', async () => {
    const request = await dynamodbRequest()
    expect(verify(request, 'dynamodb').principal).toBe(OWNER)
    expect(outcome({ ...request, bodySha256: digestOf('{}') }, 'dynamodb')).toBe('SignatureDoesNotMatch')
    expect(() => outcome({ ...request, bodySha256: undefined }, 'dynamodb')).toThrow(TypeError)
  })

  test('is refused if its method, path, query or a signed header was changed', async () => {
    const request = await dynamodbRequest()
    const target = { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.DeleteItem' }
    expect(outcome({ ...request, method: 'PUT' }, 'dynamodb')).toBe('SignatureDoesNotMatch')
    expect(outcome({ ...request, url: '/dynamodb/b' }, 'dynamodb')).toBe('SignatureDoesNotMatch')
    expect(outcome({ ...request, url: `${request.url}?a=b` }, 'dynamodb')).toBe('SignatureDoesNotMatch')
    expect(outcome({ ...request, headers: target }, 'dynamodb')).toBe('SignatureDoesNotMatch')
  })

  test('is refused when it was signed for another service or region', async () => {
    const request = await dynamodbRequest()
    expect(outcome(request, 'events')).toBe('AuthorizationHeaderMalformed')
    const authorization = String(request.headers.authorization).replace('us-east-1', 'eu-west-1')
    const elsewhere = { ...request, headers: { ...request.headers, authorization } }
    expect(outcome(elsewhere, 'dynamodb')).toBe('AuthorizationHeaderMalformed')
  })

  test('is refused more than 15 minutes before or after its signing time', async () => {
    const request = await dynamodbRequest()
    expect(outcome(request, 'dynamodb', NOW + 15 * MINUTE)).toBe('verified')
    expect(outcome(request, 'dynamodb', NOW + 15 * MINUTE + 1)).toBe('RequestTimeTooSkewed')
    expect(outcome(request, 'dynamodb', NOW - 15 * MINUTE - 1)).toBe('RequestTimeTooSkewed')
  })

  test('is refused when an x-amz header was added to it', async () => {
    const request = await dynamodbRequest()
    const headers = { ...request.headers, 'x-amz-meta-a': 'b' }
    expect(outcome({ ...request, headers }, 'dynamodb')).toBe('AccessDenied')
  })

  test('is refused with an unknown key, a wrong secret, a wrong or missing token, or no signature', async () => {
    const sign = async (who: typeof OWNER) => {
      const headers = { host: 'h', 'x-amz-content-sha256': digestOf('') }
      const request = { method: 'GET', protocol: 'http:', hostname: 'h', path: '/s3/artifacts/k', headers }
      const signed = await signerOf(who).sign(request, { signingDate: new Date(NOW) })
      return { method: 'GET', url: '/s3/artifacts/k', headers: signed.headers }
    }
    expect(outcome(await sign(OWNER))).toBe('verified')
    expect(outcome(await sign({ ...OWNER, accessKeyId: 'AKIAOTHER' }))).toBe('InvalidAccessKeyId')
    expect(outcome(await sign({ ...OWNER, secretAccessKey: 'guess' }))).toBe('SignatureDoesNotMatch')
    expect(outcome(await sign({ ...OWNER, sessionToken: 'token/of+other==' }))).toBe('InvalidToken')
    expect(outcome(await sign({ ...OWNER, sessionToken: '' }))).toBe('InvalidToken')
    expect(outcome({ method: 'GET', url: '/s3/artifacts/k', headers: { host: 'h' } })).toBe(
      'MissingAuthentication',
    )
  })
})

describe('a presigned request', () => {
  test('expires with the session that signed it, even before its own expiry', async () => {
    const request = await presigned({ expiresIn: 3600 })
    const session = { ...OWNER, endsAt: NOW + MINUTE }
    const at = (now: number) => () =>
      verifyRequest(request, { principals: () => session, now: () => now, service: 's3' })
    expect(at(NOW + MINUTE - 1)().presigned).toBe(true)
    expect(at(NOW + MINUTE)).toThrow(
      expect.objectContaining({ code: 'ExpiredToken', message: 'The provided token has expired.' }),
    )
    expect(outcome(request, 's3', NOW + MINUTE)).toBe('verified')
  })

  test('is valid from its signing time until its own expiry', async () => {
    const request = await presigned({ expiresIn: 60 })
    expect(outcome(request, 's3', NOW + MINUTE)).toBe('verified')
    expect(() => verify(request, 's3', NOW + MINUTE + 1)).toThrow('Request has expired')
    expect(outcome(request, 's3', NOW - 15 * MINUTE - 1)).toBe('AccessDenied')
  })

  test('is valid for at most seven days', async () => {
    const request = await presigned({ expiresIn: 7 * 24 * 3600 })
    expect(outcome(request)).toBe('verified')
    for (const expires of ['604801', '0', '-1', '1e3', '']) {
      const url = request.url.replace('X-Amz-Expires=604800', `X-Amz-Expires=${expires}`)
      expect(outcome({ ...request, url })).toBe('AuthorizationQueryParametersError')
    }
  })

  test('is refused with a parameter added, removed or repeated', async () => {
    const request = await presigned({ query: { 'response-content-type': 'text/plain' } })
    const without = request.url.replace('response-content-type=text%2Fplain&', '')
    expect(outcome(request)).toBe('verified')
    expect(outcome({ ...request, url: without })).toBe('SignatureDoesNotMatch')
    expect(outcome({ ...request, url: `${request.url}&versionId=1` })).toBe('SignatureDoesNotMatch')
    expect(outcome({ ...request, url: `${request.url}&x-amz-expires=9` })).toBe('InvalidRequest')
  })

  test('is refused if it also has a signature in its header', async () => {
    const request = await presigned()
    for (const authorization of ['AWS4-HMAC-SHA256 ', 'AWS AKIAIOSFODNN7EXAMPLE:x', ' aws4-hmac-sha256 x']) {
      const headers = { ...request.headers, authorization }
      expect(outcome({ ...request, headers }), authorization).toBe('InvalidRequest')
    }
  })

  test.each(['Bearer token', 'Basic eDp5', 'Basic', ''])(
    'is verified by its query, although it has an Authorization header for a proxy: %j',
    async (authorization) => {
      const request = await presigned()
      const headers = { ...request.headers, authorization }
      expect(outcome({ ...request, headers })).toBe('verified')
      const { url } = await presigned({ expiresIn: 1, signingDate: new Date(NOW - MINUTE) })
      expect(outcome({ ...request, url, headers })).toBe('AccessDenied')
      expect(outcome({ ...request, url: '/s3/artifacts/a', headers })).toBe('AuthorizationHeaderMalformed')
    },
  )

  test('is refused if a signed header is missing', async () => {
    const request = await presigned({ method: 'PUT', headers: { 'if-none-match': '*' } })
    const headers = { ...request.headers, 'if-none-match': '*' }
    expect(outcome({ ...request, method: 'PUT', headers })).toBe('verified')
    expect(outcome({ ...request, method: 'PUT' })).toBe('SignatureDoesNotMatch')
  })

  test('is refused with any one character of its target changed', async () => {
    const request = await presigned({
      query: { 'response-content-disposition': 'attachment; filename="a+b~.ko"' },
    })
    expect(outcome(request)).toBe('verified')
    const changed = Array.from(request.url).flatMap((_, index) =>
      Array.from(
        '0aZ%/?&=;+. \u0000é',
        (c) => request.url.slice(0, index) + c + request.url.slice(index + 1),
      ),
    )
    // `/` and spellings like `%2F` name the same target, so the test compares decoded targets.
    const others = changed.filter((url) => safeDecode(url) !== safeDecode(request.url))
    expect(others.length).toBeGreaterThan(5000)
    expect(others.filter((url) => outcome({ ...request, url }) === 'verified')).toEqual([])
  })
})

test('a random request is never verified, and causes no other error than a refusal', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('%', '%zz', '/?X-Amz-Algorithm=AWS4-HMAC-SHA256'),
  )
  const headers = fc.dictionary(
    fc.constantFrom(
      'authorization',
      'host',
      'x-amz-date',
      'x-amz-content-sha256',
      '__proto__',
      'constructor',
    ),
    fc.oneof(
      text,
      fc.constant('AWS4-HMAC-SHA256 Credential=a/20260101/b/c/aws4_request, SignedHeaders=;, Signature=0'),
    ),
  )
  const check = (path: string, given: Record<string, string>) => {
    expect(outcome({ method: 'GET', url: `/${path}`, headers: given })).not.toBe('verified')
  }
  fc.assert(fc.property(text, headers, check), { numRuns: 500 })
})

function safeDecode(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}
