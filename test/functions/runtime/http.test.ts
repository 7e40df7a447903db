import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { callerOf, problems, resultOf } from '../../../functions/runtime/http.ts'
import { ProbeError } from '../../../lib/model/errors.ts'

const from = (sourceIp: string, forwarded?: string) =>
  ({
    headers: { ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) },
    requestContext: { http: { sourceIp } },
  }) as unknown as APIGatewayProxyEventV2
const NONE = { trustedProxies: [] }

describe('the conversion between HTTP and the domain:', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('the address %s is the caller %s', (address, caller) =>
    expect(callerOf(from(address), NONE)).toBe(caller),
  )

  test.each([
    ['192.0.2.1', '203.0.113.7, 192.0.2.1', '203.0.113.7'],
    ['192.0.2.1', '198.51.100.1, 203.0.113.7, 192.0.2.1', '203.0.113.7'],
    ['192.0.2.1', '198.51.100.1,2001:db8:1:2::9,192.0.2.1', '2001:db8:1:2::/64'],
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['198.51.100.9', '203.0.113.7, 198.51.100.9', '198.51.100.9'],
  ])('behind %s, with %s, the caller is %s', (peer, forwarded, caller) =>
    expect(callerOf(from(peer, forwarded), { trustedProxies: ['192.0.2.1'] })).toBe(caller),
  )

  test('a redirect is a 307, and a problem is a document with its status, not cached', () => {
    const redirect = resultOf({ tag: 'redirect', location: 'https://example.org/x' })
    expect(redirect).toMatchObject({ statusCode: 307, headers: { location: 'https://example.org/x' } })
    const refusal = resultOf({
      tag: 'problem',
      problem: {
        status: 503,
        code: 'being-built',
        title: 't',
        detail: 'd',
        retryAfter: 5,
        more: { log: '/l' },
      },
    })
    expect(refusal).toMatchObject({
      statusCode: 503,
      headers: {
        'content-type': 'application/problem+json',
        'retry-after': '5',
        'cache-control': 'no-store',
      },
    })
    expect(JSON.parse(refusal.body ?? '')).toEqual({
      type: 'urn:probe-registry:problem:being-built',
      title: 't',
      status: 503,
      detail: 'd',
      code: 'being-built',
      log: '/l',
    })
  })

  test.each([
    ['/v1/probes', 'GET, HEAD, POST'],
    ['/driver/1/x86_64/falco_debian_6.1_1.ko', 'GET, HEAD'],
  ])('the answer to a wrong method of %s lists the methods %s', async (rawPath, allow) => {
    const handler = middy<APIGatewayProxyEventV2>()
      .use(problems())
      .handler(() => {
        throw new ProbeError('method-not-allowed', 'no')
      })
    const refusal = await handler({ rawPath } as APIGatewayProxyEventV2, {} as Context)
    expect(refusal).toMatchObject({ statusCode: 405, headers: { allow } })
  })
})
