// Tests requests behind a distribution: only its secret distinguishes its requests from all others.

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { asTheViewer, behind, type Edge } from '../../../functions/runtime/edge.ts'
import { callerOf } from '../../../functions/runtime/http.ts'
import { EDGE_HEADER, VIEWER_HEADER } from '../../../lib/aws/resources.ts'

const EDGE: Edge = { secrets: async () => ['newest', 'before'], direct: 'refused' }
const DISTRIBUTION = '130.176.0.1'

/** A request as the gateway forwards it: it appends the address of its client. */
const event = (headers: Readonly<Record<string, string>>, forwarded = ['198.51.100.10']) =>
  ({
    rawPath: '/v1/probes',
    headers: { accept: '*/*', 'x-forwarded-for': [...forwarded, DISTRIBUTION].join(', '), ...headers },
    requestContext: { http: { sourceIp: DISTRIBUTION, method: 'GET' } },
  }) as unknown as APIGatewayProxyEventV2
const through = (secret: string, viewer = '198.51.100.10:46532') =>
  event({ [EDGE_HEADER]: secret, [VIEWER_HEADER]: viewer })

describe('a request through the distribution', () => {
  test.each(['newest', 'before'])('is recognized by the secret %s', async (secret) => {
    const { requestContext, rawPath } = await asTheViewer(EDGE, through(secret))
    expect([requestContext.http.sourceIp, requestContext.http.method, rawPath]).toEqual([
      '198.51.100.10',
      'GET',
      '/v1/probes',
    ])
  })

  test.each([
    ['198.51.100.10:46532', '198.51.100.10'],
    ['2001:db8:1:2::9:46532', '2001:db8:1:2::/64'],
  ])('of the viewer %s is charged to the caller %s', async (viewer, caller) => {
    const seen = await asTheViewer(EDGE, through('newest', viewer))
    expect(callerOf(seen, { trustedProxies: [] })).toBe(caller)
  })

  test('has neither the secret nor the address of the distribution after it is accepted', async () => {
    const { headers } = await asTheViewer(EDGE, through('newest'))
    expect(headers).toEqual({ accept: '*/*', 'x-forwarded-for': '198.51.100.10' })
  })

  test("from an operator's proxy is charged to the address that the proxy forwards", async () => {
    const viewer = { [EDGE_HEADER]: 'newest', [VIEWER_HEADER]: '192.0.2.1:46532' }
    const seen = await asTheViewer(EDGE, event(viewer, ['203.0.113.7', '192.0.2.1']))
    expect(callerOf(seen, { trustedProxies: ['192.0.2.1'] })).toBe('203.0.113.7')
  })

  test.each([undefined, '', '198.51.100.10', 'unknown:1'])(
    'with the viewer %j is an error of the registry',
    async (viewer) => {
      const headers = {
        [EDGE_HEADER]: 'newest',
        ...(viewer === undefined ? {} : { [VIEWER_HEADER]: viewer }),
      }
      await expect(asTheViewer(EDGE, event(headers))).rejects.toMatchObject({ code: 'misconfigured' })
    },
  )
})

describe('a request that bypasses the distribution', () => {
  const claims = { [VIEWER_HEADER]: '203.0.113.7:1' }

  test.each([undefined, '', 'another', 'newes', 'newest,before', 'newest, newest'])(
    'with the secret %j is refused, and the answer names the right address',
    async (secret) => {
      const headers = { ...claims, ...(secret === undefined ? {} : { [EDGE_HEADER]: secret }) }
      await expect(asTheViewer(EDGE, event(headers))).rejects.toMatchObject({
        code: 'past-the-edge',
        message: expect.stringContaining('use the address'),
      })
    },
  )

  test("is accepted if the settings allow it, and is charged to the gateway's client", async () => {
    const answers: Edge = { ...EDGE, direct: 'answered' }
    for (const headers of [claims, { ...claims, [EDGE_HEADER]: 'another' }]) {
      const seen = await asTheViewer(answers, event(headers))
      expect(callerOf(seen, { trustedProxies: [] })).toBe(DISTRIBUTION)
    }
  })

  test('without a secret does not cause a read of the secrets', async () => {
    const never: Edge = { direct: 'answered', secrets: () => Promise.reject(new Error('looked')) }
    await expect(asTheViewer(never, event(claims))).resolves.toBeDefined()
    await expect(asTheViewer(never, through('newest'))).rejects.toThrow('looked')
  })
})

test.each<[string, Edge | undefined, string]>([
  ['without a distribution is handed on as it came', undefined, DISTRIBUTION],
  ['through a distribution is handed on as of its viewer', EDGE, '198.51.100.10'],
])('a request %s', async (_, edge, sourceIp) => {
  const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(behind(edge))
    .handler(async ({ requestContext }) => ({ statusCode: 200, body: requestContext.http.sourceIp }))
  expect(await handler(through('newest'), {} as Context)).toMatchObject({ body: sourceIp })
})
