// Handles requests behind a CloudFront distribution: refuses those that bypass it, and treats its viewer as the client.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareObj } from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { EDGE_HEADER, VIEWER_HEADER } from '../../lib/aws/resources.ts'
import { viewerAddress } from '../../lib/model/caller.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import type { EdgeSettings } from '../../lib/model/settings.ts'

export interface Edge {
  /** Returns the allowed values of EDGE_HEADER: the distribution's secret, and the previous one. */
  readonly secrets: () => Promise<readonly string[]>
  readonly direct: EdgeSettings['direct']
}

export const behind = (
  edge: Edge | undefined,
): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> => ({
  before: async (request) => {
    if (edge !== undefined) request.event = await asTheViewer(edge, request.event)
  },
})

/**
 * Rewrites the event as if the viewer had called the gateway directly: with the viewer's address, and without the secret. If a
 * request bypassed the distribution and the settings allow that, ignores its viewer header.
 * @throws {ProbeError} `past-the-edge`: the settings do not allow it.
 */
export async function asTheViewer(
  edge: Edge,
  event: APIGatewayProxyEventV2,
): Promise<APIGatewayProxyEventV2> {
  const { [EDGE_HEADER]: sent, [VIEWER_HEADER]: viewer, ...headers } = event.headers
  if (sent !== undefined && isOneOf(await edge.secrets(), sent))
    return askedFrom(viewer, withoutGateway({ ...event, headers }))
  if (edge.direct === 'answered') return { ...event, headers }
  throw new ProbeError(
    'past-the-edge',
    'this request bypassed the distribution in front of the registry, so it was refused: use the address that the operator gives out, which is the output Url of the stack',
  )
}

/** Compares in constant time. */
function isOneOf(secrets: readonly string[], sent: string): boolean {
  const digest = digestOf(sent)
  return secrets.map((secret) => timingSafeEqual(digestOf(secret), digest)).includes(true)
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Removes the last address in X-Forwarded-For, which is the distribution's. */
function withoutGateway(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  const { 'x-forwarded-for': forwarded, ...headers } = event.headers
  const before = forwarded?.split(',').slice(0, -1).join(',')
  return { ...event, headers: before ? { ...headers, 'x-forwarded-for': before } : headers }
}

function askedFrom(viewer: string | undefined, event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  const sourceIp = viewerAddress(viewer ?? '')
  if (sourceIp === undefined)
    throw new ProbeError(
      'misconfigured',
      `the distribution does not say who asks: its origin request policy must send ${VIEWER_HEADER}`,
    )
  const { requestContext } = event
  return { ...event, requestContext: { ...requestContext, http: { ...requestContext.http, sourceIp } } }
}
