// Tests presigned URLs against an endpoint that verifies them, and against a signature that is computed step by step.

import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPresigner } from '../../../lib/aws/presign.ts'
import { createStore } from '../../../lib/aws/store.ts'
import type { Presigner } from '../../../lib/model/ports.ts'
import { clientOf, codeIn, curl, type Lab, OWNER, startLab } from '../../support/local/s3-lab.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const KEY = 'driver/0.1.1dev+git20220316.e5c53d64/x86_64/scap_debian_6.1~rc1-1_1.ko'
const BODY = 'the bytes of a probe'
const EXPIRES = { expiresSeconds: 60 }

let lab: Lab
let clock = NOW
const credentials = async () => OWNER
beforeAll(async () => {
  lab = await startLab({ now: () => clock })
  const client = clientOf(lab)
  // The client signs by the machine's clock.
  clock = Date.now()
  const body = new TextEncoder().encode(BODY)
  const sha256 = createHash('sha256').update(body).digest('hex')
  await createStore(client, 'artifacts').create(KEY, body, { contentType: 'a/b', sha256 })
  client.destroy()
  clock = NOW
})
afterAll(() => lab.stop())

const presigner = (more: Partial<Parameters<typeof createPresigner>[0]> = {}): Presigner =>
  createPresigner({
    endpoint: `${lab.origin}/s3`,
    bucket: 'artifacts',
    region: 'us-east-1',
    credentials,
    now: () => NOW,
    ...more,
  })

describe('at an endpoint that verifies', () => {
  test('GET returns the bytes with the signed name and the signed type', async () => {
    const url = await presigner().get(KEY, {
      ...EXPIRES,
      fileName: 'scap_debian_6.1~rc1-1_1.ko',
      contentType: 'text/plain; charset=utf-8',
    })
    const response = await fetch(url)
    expect(await response.text()).toBe(BODY)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="scap_debian_6.1~rc1-1_1.ko"',
    )
  })

  test('GET needs no name and no type', async () => {
    const response = await fetch(await presigner().get(KEY, EXPIRES))
    expect(response.headers.get('content-type')).toBe('a/b')
    expect(response.headers.get('content-disposition')).toBeNull()
  })

  test('a URL for one method is refused for another', async () => {
    expect((await fetch(await presigner().head(KEY, EXPIRES), { method: 'HEAD' })).status).toBe(200)
    expect((await curl(await presigner().head(KEY, EXPIRES))).status).toBe(403)
    expect((await curl(await presigner().get(KEY, EXPIRES), '-X', 'PUT', '-d', 'x')).status).toBe(403)
  })

  test('PUT accepts any body, but at no other key', async () => {
    const url = await presigner({ bucket: 'staging' }).put('claim-1/log', EXPIRES)
    expect((await curl('-T', import.meta.filename, url)).status).toBe(200)
    expect((await curl('-T', import.meta.filename, url.replace('claim-1', 'claim-2'))).status).toBe(403)
    expect((await curl('-T', import.meta.filename, url.replace('/staging/', '/artifacts/'))).status).toBe(403)
  })

  test('a URL works until it expires', async () => {
    const url = await presigner().get(KEY, EXPIRES)
    clock = NOW + 60_000
    expect((await curl(url)).status).toBe(200)
    clock = NOW + 61_001
    const late = await curl(url)
    clock = NOW
    expect([late.status, codeIn(late.body)]).toEqual([403, 'AccessDenied'])
  })

  test('a URL with another name than the signed one is refused', async () => {
    const url = await presigner().get(KEY, { ...EXPIRES, fileName: 'a.ko' })
    expect((await curl(url.replace('a.ko', 'b.ko'))).status).toBe(403)
  })

  test('a URL is valid for every key of the alphabet of keys', async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9+~_-][A-Za-z0-9.+~_-]{0,30}$/)
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 4 }), async (names) => {
        const response = await fetch(await presigner().get(names.join('/'), EXPIRES))
        // The signature is valid, and there is no object.
        expect([response.status, codeIn(await response.text())]).toEqual([404, 'NoSuchKey'])
      }),
      { numRuns: 100 },
    )
  })
})

describe('without an endpoint', () => {
  const inCloud = () =>
    presigner({ endpoint: undefined, bucket: 'registry-artifacts', region: 'eu-central-1' })

  test("a URL has the bucket's own host in its region, over TLS", async () => {
    const { origin, pathname } = new URL(await inCloud().get(KEY, EXPIRES))
    expect(origin).toBe('https://registry-artifacts.s3.eu-central-1.amazonaws.com')
    expect(pathname).toBe(`/${KEY.replaceAll('+', '%2B')}`)
  })

  test('the signature follows the documentation of Signature Version 4', async () => {
    // Some characters that general URL encoders escape differently.
    const names = { fileName: 'a+b~c.ko', contentType: "text/plain; odd=!'()*" }
    const url = new URL(await inCloud().get(KEY, { ...EXPIRES, ...names }))
    const given = url.searchParams.get('X-Amz-Signature')
    expect(given).toBe(signatureByHand('GET', url, OWNER.secretAccessKey, 'eu-central-1'))
    expect(url.searchParams.get('X-Amz-Security-Token')).toBe(OWNER.sessionToken)
    expect(url.searchParams.get('X-Amz-Date')).toBe('20261123T120000Z')
    expect(url.searchParams.get('X-Amz-Expires')).toBe('60')
  })

  test('a URL by long-lived credentials has no token', async () => {
    const { sessionToken: _, ...lasting } = OWNER
    const url = await presigner({ endpoint: undefined, credentials: async () => lasting }).get(KEY, EXPIRES)
    expect(url).not.toContain('Security-Token')
  })
})

test('credentials are read for each URL: those of a function change', async () => {
  const ids = ['AKIA1', 'AKIA2']
  const changing = presigner({ credentials: async () => ({ ...OWNER, accessKeyId: ids.shift()! }) })
  expect(await changing.get(KEY, EXPIRES)).toContain('AKIA1')
  expect(await changing.get(KEY, EXPIRES)).toContain('AKIA2')
})

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, step by step. */
function signatureByHand(method: string, url: URL, secret: string, region: string): string {
  const query = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !pair.startsWith('X-Amz-Signature='))
    .sort()
    .join('&')
  const canonical = [method, url.pathname, query, `host:${url.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join(
    '\n',
  )
  const time = url.searchParams.get('X-Amz-Date')!
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  const digest = createHash('sha256').update(canonical).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const signingKey = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`)
  return hmac(signingKey, ['AWS4-HMAC-SHA256', time, scope, digest].join('\n')).toString('hex')
}
