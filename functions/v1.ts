// GET of everything under /v1, and of /openapi.json: what the registry knows and can do.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { driverVersions, targets } from '../lib/api/catalogue.ts'
import { openApiDocument } from '../lib/api/openapi.ts'
import { listProbes, oneProbe, type ProbesPorts, type Query } from '../lib/api/probes.ts'
import { explain } from '../lib/clients/explain.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { type PathOf, routeOf } from '../lib/names/routes.ts'
import { methodOf } from '../lib/serve/answer.ts'
import { problems, resultOf } from './runtime/http.ts'
import { index, settings } from './runtime/ports.ts'

const ports: ProbesPorts = {
  index: index(),
  now: Date.now,
  sleep: (milliseconds) => sleep(milliseconds),
  settings: settings(),
}
const document = openApiDocument()

type Handler = (query: Query, parts: Readonly<Record<string, string>>) => unknown

const HANDLERS: Readonly<Record<PathOf<'v1'>, Handler>> = {
  '/openapi.json': () => document,
  '/v1/names': ({ url }) => names(url),
  '/v1/driver-versions': () => driverVersions(ports.settings),
  '/v1/targets': targets,
  '/v1/probes': (query) => listProbes(ports, query),
  '/v1/probes/{id}': (query, { id = '' }) => oneProbe(ports, id, query),
}

const handlers: ReadonlyMap<string, Handler> = new Map(Object.entries(HANDLERS))

function names(url: string | undefined): unknown {
  if (url !== undefined) return explain(url)
  throw new ProbeError('bad-field', 'url: ask as /v1/names?url={URL or path of a probe}, percent-encoded')
}

function answer(method: string, path: string, query: Query): unknown {
  const { route, parts } = routeOf(path)
  const handler = handlers.get(route.path)
  if (handler === undefined)
    throw new ProbeError('not-found', 'nothing is at this path; /openapi.json tells what is where')
  methodOf({ method, path })
  return handler(query, parts)
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async ({ rawPath, queryStringParameters = {}, requestContext }) => {
    const { method } = requestContext.http
    return resultOf({ tag: 'json', body: await answer(method, rawPath, queryStringParameters) })
  })
