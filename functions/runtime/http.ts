// Converts the HTTP API's events to requests, and the domain's answers to HTTP.

import type { MiddlewareObj } from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { callerBehind } from '../../lib/model/caller.ts'
import { isProbeError, type ProbeError, unreachable } from '../../lib/model/errors.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { allowOf } from '../../lib/names/routes.ts'
import { isOfImages } from '../../lib/packages/oci/paths.ts'
import { failedAnswer } from '../../lib/packages/oci/refusals.ts'
import { type Answer, type Problem, problemOf, type Request } from '../../lib/serve/answer.ts'

type Result = APIGatewayProxyStructuredResultV2

const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Nothing is cached. This includes redirects: their targets expire, or change when the probe is built. */
export function resultOf(answer: Answer): Result {
  const result = plainResult(answer)
  const headers = { ...result.headers, ...answer.headers }
  if (answer.canonical === undefined) return { ...result, headers }
  return { ...result, headers: { ...headers, link: `<${answer.canonical}>; rel="canonical"` } }
}

function plainResult(answer: Answer): Result {
  switch (answer.tag) {
    case 'redirect':
      return { statusCode: 307, headers: { ...NO_STORE, location: answer.location }, body: '' }
    case 'json':
      return json(answer.status ?? 200, 'application/json', answer.body)
    case 'bytes':
      return {
        statusCode: 200,
        headers: { ...NO_STORE, 'content-type': answer.contentType },
        body: Buffer.from(answer.body).toString('base64'),
        isBase64Encoded: true,
      }
    case 'problem':
      return problemResult(answer.problem)
    default:
      return unreachable(answer)
  }
}

function problemResult({ status, code, title, detail, retryAfter, more }: Problem): Result {
  const result = json(status, 'application/problem+json', {
    type: `urn:probe-registry:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...more,
  })
  if (retryAfter === undefined) return result
  return { ...result, headers: { ...result.headers, 'retry-after': String(retryAfter) } }
}

const json = (statusCode: number, contentType: string, body: unknown): Result => ({
  statusCode,
  headers: { ...NO_STORE, 'content-type': contentType },
  body: `${JSON.stringify(body, undefined, 2)}\n`,
})

/**
 * For a registry behind a proxy that removes a path prefix: adds the prefix to redirects and links to the same host. Links in
 * bodies need no prefix, because they are relative to the registry's address.
 */
export const below = (prefix: string): MiddlewareObj<APIGatewayProxyEventV2, Result> => ({
  after: ({ response }) => {
    const { location, link } = response?.headers ?? {}
    if (prefix === '' || !response) return
    response.headers = {
      ...response.headers,
      ...(location === undefined ? {} : { location: String(location).replace(/^\//, `${prefix}/`) }),
      ...(link === undefined ? {} : { link: String(link).replace(/^<\//, `<${prefix}/`) }),
    }
  },
})

/** Converts errors to problems: a ProbeError with its reason, any other error without details. */
export const problems = (): MiddlewareObj<APIGatewayProxyEventV2, Result> => ({
  onError: (request) => {
    const { error, event } = request
    const response = isProbeError(error) ? refusal(error, event) : internalError(error, event)
    request.response = isOfImages(event.rawPath) ? inProtocol(response, error) : response
  },
})

/** Converts errors to the image registry's protocol, which its clients expect. */
function inProtocol({ statusCode = 500, headers }: Result, error: unknown): Result {
  const message = isProbeError(error) ? error.message : 'the registry failed: try again in a minute'
  const result = resultOf(failedAnswer(statusCode, message))
  return { ...result, headers: { ...headers, ...result.headers } }
}

/** A 405 must list the methods of the path: RFC 9110, section 15.5.6. */
function refusal(error: ProbeError, { rawPath }: APIGatewayProxyEventV2): Result {
  const result = problemResult(problemOf(error))
  if (result.statusCode !== 405) return result
  return { ...result, headers: { ...result.headers, allow: allowOf(rawPath) } }
}

function internalError(error: unknown, { rawPath }: APIGatewayProxyEventV2): Result {
  console.error({ event: 'internal error', path: rawPath.slice(0, 300), error: String(error) })
  return problemResult({
    status: 500,
    code: 'internal-error',
    title: 'The registry failed',
    detail: 'This is a fault of the registry, not of the request. It is logged; try again in a minute.',
  })
}

export const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): Uint8Array =>
  Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')

/** Who pays for the request: see `callerBehind`. */
export function callerOf(
  { requestContext, headers }: APIGatewayProxyEventV2,
  { trustedProxies }: Pick<Settings, 'trustedProxies'>,
): string {
  // Like every proxy, the gateway appends the address of its peer.
  const forwarded = headers['x-forwarded-for']?.split(',') ?? []
  return callerBehind(trustedProxies, requestContext.http.sourceIp, forwarded)
}

export const requestOf = (
  event: APIGatewayProxyEventV2,
  settings: Pick<Settings, 'trustedProxies'>,
): Request => ({
  method: event.requestContext.http.method,
  path: event.rawPath,
  caller: callerOf(event, settings),
})
