// GET of everything under /v1, and of /openapi.json: what the registry knows and can do.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { driverVersionsView, targets } from '../lib/api/catalogue.ts'
import { openApiDocument } from '../lib/api/openapi.ts'
import { listProbes, oneProbe, type ProbesPorts, type Query } from '../lib/api/probes.ts'
import { explain } from '../lib/clients/explain.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { type PathOf, routeOf } from '../lib/names/routes.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { type DriverVersionsPorts, driverVersions } from '../lib/serve/driver-versions.ts'
import { problems, resultOf } from './runtime/http.ts'
import { bus, catalogue, index, settings } from './runtime/ports.ts'

const ports: ProbesPorts & DriverVersionsPorts = {
  index: index(),
  catalogue: catalogue(),
  bus: bus(),
  now: Date.now,
  sleep: (milliseconds) => sleep(milliseconds),
  settings: settings(),
}
const document = openApiDocument()

type Handler = (query: Query, parts: Readonly<Record<string, string>>) => Answer | Promise<Answer>

const json = (body: unknown): Answer => ({ tag: 'json', body })
const text = (line: string): Answer => ({
  tag: 'bytes',
  body: new TextEncoder().encode(`${line}\n`),
  contentType: 'text/plain; charset=utf-8',
})

const HANDLERS: Readonly<Record<PathOf<'v1'>, Handler>> = {
  '/openapi.json': () => json(document),
  '/v1/names': ({ url }) => json(names(url)),
  '/v1/driver-versions': async () => json(driverVersionsView(ports.settings, await driverVersions(ports))),
  '/v1/driver-versions/newest': async () => text(newest(await driverVersions(ports))),
  '/v1/targets': () => json(targets()),
  '/v1/probes': async (query) => json(await listProbes(ports, query)),
  '/v1/probes/{id}': async (query, { id = '' }) => json(await oneProbe(ports, id, query)),
}

const handlers: ReadonlyMap<string, Handler> = new Map(Object.entries(HANDLERS))

function names(url: string | undefined): unknown {
  if (url !== undefined) return explain(url)
  throw new ProbeError('bad-field', 'url: ask as /v1/names?url={URL or path of a probe}, percent-encoded')
}

function newest([version]: readonly string[]): string {
  if (version !== undefined) return version
  throw new ProbeError('not-found', 'no suite of the archive has a package of the driver')
}

function answer(method: string, path: string, query: Query): Answer | Promise<Answer> {
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
    return resultOf(await answer(method, rawPath, queryStringParameters))
  })
