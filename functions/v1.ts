// GET of everything under /v1, and of /openapi.json: what the registry knows and can do.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { driverVersions, targets } from '../lib/api/catalogue.ts'
import { openApiDocument } from '../lib/api/openapi.ts'
import { listProbes, oneProbe, type ProbesPorts, type Query } from '../lib/api/probes.ts'
import { explain } from '../lib/clients/explain.ts'
import { ProbeError } from '../lib/model/errors.ts'
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

const ROUTES: Readonly<Record<string, (query: Query) => unknown>> = {
  '/openapi.json': () => document,
  '/v1/names': ({ url }) => names(url),
  '/v1/driver-versions': () => driverVersions(ports.settings),
  '/v1/targets': targets,
  '/v1/probes': (query) => listProbes(ports, query),
}

function names(url: string | undefined): unknown {
  if (url !== undefined) return explain(url)
  throw new ProbeError('bad-field', 'url: ask as /v1/names?url={URL or path of a probe}, percent-encoded')
}

function answer(path: string, query: Query): unknown {
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (route !== undefined) return route(query)
  const [, id] = /^\/v1\/probes\/([A-Za-z0-9_-]+)$/.exec(path) ?? []
  if (id !== undefined) return oneProbe(ports, id, query)
  throw new ProbeError('not-found', `nothing is at this path; /openapi.json tells what is where`)
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async ({ rawPath, queryStringParameters = {}, requestContext }) => {
    methodOf(requestContext.http.method)
    return resultOf({ tag: 'json', body: await answer(rawPath, queryStringParameters) })
  })
