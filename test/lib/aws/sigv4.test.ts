// Compares signatures with those of AWS's own library, and verifies them by the check of local/.

import { createHash } from 'node:crypto'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Credentials, encode, signedPost, signedQuery } from '../../../lib/aws/sigv4.ts'
import { verifyRequest } from '../../../local/iam/sigv4.ts'
import type { Principal } from '../../../local/wire/types.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 0, 7, 89)
const LASTING: Credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'the/secret+' }
const ROLE: Credentials = { ...LASTING, sessionToken: 'a/token+of=one==' }
const HEADERS = {
  host: '127.0.0.1:8080',
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'A.B',
}

const both = fc.constantFrom(LASTING, ROLE)
const signing = (credentials: Credentials, service: string, now = NOW) => ({
  ...{ service, region: 'us-east-1', credentials, now },
})

const theirs = (credentials: Credentials, service: string) =>
  new SignatureV4({
    ...{ service, region: 'us-east-1', credentials, sha256: Sha256 },
    ...{ applyChecksum: false, uriEscapePath: service !== 's3' },
  })

test("a POST is signed as AWS's own library signs it", async () => {
  await fc.assert(
    fc.asyncProperty(both, fc.string({ unit: 'grapheme' }), fc.date(date()), async (who, body, date) => {
      const { headers } = await theirs(who, 'dynamodb').sign(
        { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', headers: HEADERS, body },
        { signingDate: date },
      )
      expect(signedPost(signing(who, 'dynamodb', date.getTime()), { headers: HEADERS, body })).toEqual(
        headers,
      )
    }),
    { numRuns: 200 },
  )
})

test("a URL is signed as AWS's own library signs it", async () => {
  const key = fc.stringMatching(/^[A-Za-z0-9.+~_-]{1,20}$/)
  const query = fc.dictionary(fc.stringMatching(/^[a-z-]{1,20}$/), fc.string({ unit: 'grapheme' }))
  await fc.assert(
    fc.asyncProperty(both, key, query, fc.date(date()), async (who, name, query, date) => {
      const [path, host, headers] = [
        `/bucket/${encode(name)}`,
        'here.example',
        { 'x-amz-content-sha256': UNSIGNED },
      ]
      const request = { method: 'GET', protocol: 'https:', hostname: host, path, query }
      const signed = await theirs(who, 's3').presign(
        { ...request, headers: { host, ...headers } },
        { expiresIn: 60, signingDate: date },
      )
      const own = signedQuery(signing(who, 's3', date.getTime()), {
        ...{ method: 'GET', host, path, query, expiresSeconds: 60 },
      })
      expect(Object.fromEntries(new URLSearchParams(own))).toEqual(signed.query)
    }),
    { numRuns: 200 },
  )
})

test.each([LASTING, ROLE])(
  'a signed POST is accepted as its signer’s, and refused if it was changed',
  (credentials) => {
    const body = '{"TableName":"probes"}'
    const headers = signedPost(signing(credentials, 'dynamodb'), { headers: HEADERS, body })
    const bodySha256 = createHash('sha256').update(body).digest('hex')
    const principal: Principal = { name: 'Role', may: () => true, sessionToken: '', ...credentials }
    const verified = (request: object) =>
      verifyRequest(
        { method: 'POST', url: '/', headers, bodySha256, ...request },
        {
          principals: (id) => (id === 'AKIATEST' ? principal : undefined),
          now: () => NOW,
          service: 'dynamodb',
        },
      )
    expect(verified({}).principal).toBe(principal)
    for (const other of [{ bodySha256: '0'.repeat(64) }, { headers: { ...headers, 'x-amz-target': 'A.C' } }])
      expect(() => verified(other)).toThrow('does not match')
  },
)

const UNSIGNED = 'UNSIGNED-PAYLOAD'

const date = () => ({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
