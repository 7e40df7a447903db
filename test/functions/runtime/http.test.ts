import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { callerOf, resultOf } from '../../../functions/runtime/http.ts'

const from = (sourceIp: string) => ({ requestContext: { http: { sourceIp } } }) as APIGatewayProxyEventV2

describe('between HTTP and the domain', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s pays as %s', (address, caller) => expect(callerOf(from(address))).toBe(caller))

  test('nothing but the bytes themselves is a 2xx, and nothing is stored', () => {
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

  test('a wrong method is told which ones are right', () => {
    const refusal = resultOf({
      tag: 'problem',
      problem: { status: 405, code: 'method-not-allowed', title: 't', detail: 'd' },
    })
    expect(refusal).toMatchObject({ statusCode: 405, headers: { allow: 'GET, HEAD' } })
  })
})
