// Converts requests to events of payload format 2.0, and results of functions to HTTP answers.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import { ACCOUNT } from '../wire/types.ts'

/** The place of a request in the API. */
interface Match {
  readonly apiId: string
  readonly stage: string
  readonly routeKey: string
  readonly parameters: Readonly<Record<string, string>> | undefined
  /** host of the API, whatever the client's Host header contains */
  readonly host: string
  readonly scheme: string
}

export function eventOf(request: IncomingMessage, body: Buffer, match: Match, now: number): JsonObject {
  const target = request.url ?? '/'
  const cut = target.indexOf('?')
  const rawPath = pathOf(request)
  const rawQueryString = cut < 0 ? '' : target.slice(cut + 1)
  const sourceIp = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const headers = headersOf(request, sourceIp, match)
  const { cookie, ...others } = headers
  const isText =
    body.length === 0 || /^(text\/|application\/(json|xml|javascript))/.test(headers['content-type'] ?? '')
  return {
    version: '2.0',
    routeKey: match.routeKey,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: others,
    ...(rawQueryString === '' ? {} : { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: match.apiId,
      domainName: match.host,
      domainPrefix: match.host.split('.')[0]!,
      http: {
        method: request.method ?? 'GET',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: match.routeKey,
      stage: match.stage,
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(match.parameters === undefined ? {} : { pathParameters: match.parameters }),
    ...(body.length === 0 ? {} : { body: isText ? body.toString('utf8') : body.toString('base64') }),
    isBase64Encoded: !isText,
  }
}

/** Decodes a path as HTTP APIs do: once, with repeated slashes merged, cut at an escaped question mark. Invalid escapes stay. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const [raw = '/'] = url.split('?', 1)
  const [path = '/'] = decoded(raw).split('?', 1)
  return path.replace(/\/{2,}/g, '/')
}

const decoded = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })

type Headers = Record<string, string>

function headersOf(request: IncomingMessage, sourceIp: string, { host, scheme }: Match): Headers {
  // Makes one text of a repeated header's values, with commas between them.
  const given = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  const headers: Headers = Object.fromEntries(given)
  const before = headers['x-forwarded-for']
  return {
    ...headers,
    host,
    'x-forwarded-for': before === undefined ? sourceIp : `${before}, ${sourceIp}`,
    'x-forwarded-proto': scheme,
  }
}

/** Joins the values of a repeated name with commas. */
function queryOf(text: string): JsonObject {
  const query: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text))
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`
  return query
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer
}

const json = (status: number, text: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(text),
})

export const message = (status: number, text: string): HttpAnswer =>
  json(status, JSON.stringify({ message: text }))

export const INTERNAL = message(500, 'Internal Server Error')

/** Converts a function's result to an HTTP answer. A result without statusCode becomes status 200 with JSON. */
export function answerOf(payload: string): HttpAnswer {
  const result = JSON.parse(payload) as Json
  if (!isObject(result) || result.statusCode === undefined)
    return json(200, typeof result === 'string' ? result : JSON.stringify(result))
  const { statusCode, headers, cookies, body, isBase64Encoded } = result
  const status = Number(statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) return INTERNAL
  if (body !== undefined && body !== null && typeof body !== 'string') return INTERNAL
  return {
    status,
    headers: {
      ...answerHeaders(headers),
      ...(Array.isArray(cookies) ? { 'set-cookie': cookies.map(String) } : {}),
    },
    body: Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'),
  }
}

function answerHeaders(headers: Json | undefined): Headers {
  const entries = Object.entries(isObject(headers) ? headers : {})
  const given = Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]))
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...kept } = given
  return 'content-type' in kept ? kept : { ...kept, 'content-type': 'text/plain; charset=utf-8' }
}
