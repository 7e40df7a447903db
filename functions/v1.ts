// Answers GET below /v1, and of /openapi.json.

import { randomUUID } from 'node:crypto'
import { driverVersionsView, targets } from '../lib/api/catalogue.ts'
import { names } from '../lib/api/names.ts'
import { openApiDocument } from '../lib/api/openapi.ts'
import { listProbes, oneProbe, type ProbesPorts, type Query } from '../lib/api/probes.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { firstOf, type PathOf, RESERVED, routeOf } from '../lib/names/routes.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { type DriverVersionsPorts, driverVersions } from '../lib/serve/driver-versions.ts'
import { type HttpEvent, httpHandler } from './runtime/handler.ts'
import { callerOf } from './runtime/http.ts'
import { budgets, bus, catalogue, elapsed, holds, index, settings, signs, sleep } from './runtime/ports.ts'

const ports: ProbesPorts & DriverVersionsPorts = {
  index: index(),
  catalogue: catalogue(),
  bus: bus(),
  budgets: budgets(),
  holds: holds(),
  newId: randomUUID,
  now: Date.now,
  elapsed,
  sign: signs(),
  sleep,
  settings: settings(),
}
const document = openApiDocument()

type Handler = (asked: {
  readonly query: Query
  readonly parts: Readonly<Record<string, string>>
  readonly caller: string
}) => Answer | Promise<Answer>

const json = (body: unknown): Answer => ({ tag: 'json', body })
const text = (line: string): Answer => ({
  tag: 'bytes',
  body: new TextEncoder().encode(`${line}\n`),
  contentType: 'text/plain; charset=utf-8',
})

const known = (caller: string) => driverVersions(ports, { room: 'v1', caller })

const HANDLERS: Readonly<Record<PathOf<'v1'>, Handler>> = {
  '/openapi.json': () => json(document),
  '/v1/names': ({ query }) => json(names(query)),
  '/v1/driver-versions': async ({ caller }) => json(driverVersionsView(ports.settings, await known(caller))),
  '/v1/driver-versions/newest': async ({ caller }) => text(newest(await known(caller))),
  '/v1/targets': () => json(targets()),
  '/v1/probes': async ({ query }) => json(await listProbes(ports, query)),
  '/v1/probes/{id}': async ({ query, parts: { id = '' }, caller }) =>
    json(await oneProbe(ports, id, query, caller)),
}

const handlers: ReadonlyMap<string, Handler> = new Map(Object.entries(HANDLERS))

function newest([version]: readonly string[]): string {
  if (version !== undefined) return version
  throw new ProbeError('not-found', 'no suite of the archive has a package of the driver')
}

const nothingHere = (): ProbeError =>
  new ProbeError('not-found', 'nothing is at this path; /openapi.json lists all paths')

function answer(event: HttpEvent): Answer | Promise<Answer> {
  const { rawPath: path, queryStringParameters: query = {}, requestContext } = event
  const { route, parts } = routeOf(path)
  if (!RESERVED.includes(firstOf(route.path))) throw nothingHere()
  methodOf({ method: requestContext.http.method, path })
  const handler = handlers.get(route.path)
  if (handler === undefined) throw nothingHere()
  return handler({ query, parts, caller: callerOf(event, ports.settings) })
}

export const handler = httpHandler(ports.settings, '', answer)
