// Serves the template's HTTP API: its routes, limits and integrations. No maintained library runs a template's HTTP API:
// serverless-offline needs its own configuration, and SAM's needs Docker.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fn, Functions } from '../lambda/lambda.ts'
import type { Outcome } from '../lambda/runner.ts'
import type { Room } from '../room.ts'
import type { Resource, Template } from '../template/template.ts'
import { readBody } from '../wire/aws-json.ts'
import { type JsonObject, number, object, string } from '../wire/json.ts'
import { type Problem, problemAnswer } from '../wire/problem.ts'
import { ACCOUNT, type Clock, REGION, type Service } from '../wire/types.ts'
import { answerOf, eventOf, type HttpAnswer, INTERNAL, message, pathOf } from './http-event.ts'
import { createRouter, type Found, parseRoute, type Route } from './routes.ts'
import type { Waiting } from './waiting.ts'

interface HttpApiOptions {
  readonly template: Template
  readonly functions: Functions
  readonly publicUrl: string
  readonly now: Clock
  readonly waiting: Waiting
  /** returns why nothing can be written now; explains an error 500 */
  readonly lacks: Room['lacks']
  /** aborts when the stack is about to stop */
  readonly stopping: AbortSignal
  /** called for each answer; `route`: its key in the template, absent if no route matches */
  readonly onAnswer?: (route: string | undefined, status: number) => void
}

interface Integration {
  readonly fn: Fn
  readonly timeoutMs: number
}

/**
 * API Gateway's limits: bytes of a body, and milliseconds of an integration.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */
const MAX_BODY = 10 * 1024 * 1024
const MAX_INTEGRATION_MS = 30_000

/**
 * Lambda's limit of an event, in bytes. Events contain binary bodies as base64, which is a third larger.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const MAX_EVENT = 6 * 1024 * 1024

/** Milliseconds for open requests when the stack stops. */
const LAST_MS = 1000

/** Serves the one HTTP API of the template, with its `$default` stage. */
export function createHttpApi(options: HttpApiOptions): Service {
  const { template, now, stopping, waiting, lacks, onAnswer = () => {} } = options
  const api = only(template, 'AWS::ApiGatewayV2::Api')
  const stage = stageOf(template)
  const find = createRouter(routesOf(api, options))
  const allow = throttle(stage)
  const within = createPatience(stopping)
  const { host, protocol } = new URL(options.publicUrl)
  const gateway = { apiId: api.name, stage: stage.name, host, scheme: protocol.slice(0, -1) }

  async function answer(request: IncomingMessage, found?: Found<Integration>): Promise<HttpAnswer> {
    if (found === undefined) return message(404, 'Not Found')
    if (!allow()) return message(429, 'Too Many Requests')
    const { routeKey, path, to } = found.route
    const { fn, timeoutMs } = to
    const source = `${api.name}/${stage.name}/${request.method}/${path.replace(/^\//, '')}`
    if (!fn.permits('apigateway.amazonaws.com', `arn:aws:execute-api:${REGION}:${ACCOUNT}:${source}`))
      return INTERNAL
    const body = await readBody(request, MAX_BODY).catch(() => undefined)
    if (body === undefined) return TOO_LARGE
    const event = eventOf(request, body, { ...gateway, routeKey, parameters: found.parameters }, now())
    if (sizeOf(event, body) > MAX_EVENT) return TOO_LARGE
    const end = waiting.begin(pathOf(request))
    try {
      const answered = toAnswer(await within(fn.invoke(event), timeoutMs))
      const lack = answered.status === 500 ? lacks(true) : undefined
      return lack === undefined ? answered : noRoom(lack)
    } finally {
      end()
    }
  }

  return async (request, response) => {
    const found = find(request.method ?? '', pathOf(request))
    const answered = await answer(request, found)
    onAnswer(found?.route.routeKey, answered.status)
    send(request, response, answered)
  }
}

/** An event without a body is never too large, because the server limits the head. */
const sizeOf = (event: JsonObject, body: Buffer): number =>
  body.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(event))

const TOO_LARGE = message(413, 'Request Entity Too Large')

const STOPPING = later(5, {
  code: 'stopping',
  title: 'The registry is stopping or restarting',
  detail: 'Try again in a few seconds: the next request starts an interrupted build again',
})

const noRoom = (lack: string): HttpAnswer =>
  later(30, {
    code: 'no-room',
    title: 'There is no room for new builds now',
    detail: `The registry starts no new builds: ${lack}. Published probes are served; try again in half a minute`,
  })

function later(seconds: number, problem: Omit<Problem, 'status'>): HttpAnswer {
  return problemAnswer({ ...problem, status: 503 }, { 'retry-after': String(seconds) })
}

type Late = 'late' | 'stopping'

/**
 * Bounds the wait for an outcome. All waits share one listener: adding and removing a signal's listeners takes linear time, and
 * thousands may wait.
 */
function createPatience(stopping: AbortSignal) {
  const open = new Set<() => void>()
  stopping.addEventListener('abort', () => {
    for (const stop of open) stop()
  })
  return (outcome: Promise<Outcome>, ms: number): Promise<Outcome | Late> =>
    new Promise((resolve) => {
      const timers = [setTimeout(() => resolve('late'), ms)]
      const stop = () => void timers.push(setTimeout(() => resolve('stopping'), LAST_MS))
      open.add(stop)
      if (stopping.aborted) stop()
      void outcome.then((value) => {
        open.delete(stop)
        for (const timer of timers) clearTimeout(timer)
        resolve(value)
      })
    })
}

function toAnswer(outcome: Outcome | Late): HttpAnswer {
  if (outcome === 'stopping') return STOPPING
  if (outcome === 'late' || outcome.tag === 'throttled') return message(503, 'Service Unavailable')
  return outcome.tag === 'answer' ? answerOf(outcome.payload) : INTERNAL
}

/** If a function returns an invalid header, the client gets an error 500, and the server continues. */
function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  try {
    write(request, response, answer)
  } catch {
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    write(request, response, INTERNAL)
  }
}

function write({ method }: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const { status, headers, body } = answer
  const bodiless = status === 204 || status === 304
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (!bodiless) response.setHeader('content-length', body.length)
  response.writeHead(status)
  response.end(bodiless || method === 'HEAD' ? undefined : body)
}

function only(template: Template, type: string): Resource {
  const [first, ...more] = template.ofType(type)
  if (first === undefined || more.length > 0) throw new Error(`one ${type} is expected in the template`)
  return first
}

function stageOf(template: Template): Resource {
  const stage = only(template, 'AWS::ApiGatewayV2::Stage')
  if (stage.name !== '$default') throw new Error(`${stage.logicalId}: only the stage $default is known here`)
  if (stage.properties.AutoDeploy !== true) throw new Error(`${stage.logicalId}: AutoDeploy is expected`)
  return stage
}

function routesOf(api: Resource, { template, functions }: HttpApiOptions): Route<Integration>[] {
  if (api.properties.ProtocolType !== 'HTTP')
    throw new Error(`${api.logicalId}: only HTTP APIs are known here`)
  const integrations = template.ofType('AWS::ApiGatewayV2::Integration')
  return template.ofType('AWS::ApiGatewayV2::Route').map(({ properties, logicalId }) => {
    if ((properties.AuthorizationType ?? 'NONE') !== 'NONE')
      throw new Error(
        `${logicalId}: authorization ${JSON.stringify(properties.AuthorizationType)} is not known here`,
      )
    const target = string(properties.Target, `${logicalId}.Target`)
    const integration = integrations.find(({ ref }) => target === `integrations/${ref}`)
    if (integration === undefined) throw new Error(`${logicalId}: no integration ${target}`)
    return parseRoute(string(properties.RouteKey, logicalId), integrationOf(integration, functions))
  })
}

function integrationOf({ properties, logicalId }: Resource, functions: Functions): Integration {
  const { IntegrationType, IntegrationUri, PayloadFormatVersion, TimeoutInMillis } = properties
  if (IntegrationType !== 'AWS_PROXY' || PayloadFormatVersion !== '2.0')
    throw new Error(`${logicalId}: only AWS_PROXY with payload format 2.0 is known here`)
  // The URI is the function's ARN, or API Gateway's own ARN with a path that contains it.
  const uri = string(IntegrationUri, logicalId).replace(
    /^arn:aws:apigateway:.*\/functions\/(.*)\/invocations$/,
    '$1',
  )
  const timeoutMs = Math.min(number(TimeoutInMillis ?? MAX_INTEGRATION_MS, logicalId), MAX_INTEGRATION_MS)
  return { fn: functions.find(uri), timeoutMs }
}

/** The stage's token bucket, if it has one. */
function throttle({ properties, logicalId }: Resource): () => boolean {
  const { DefaultRouteSettings = {} } = properties
  const { ThrottlingBurstLimit, ThrottlingRateLimit, ...others } = object(DefaultRouteSettings, logicalId)
  if (Object.keys(others).some((name) => name !== 'DetailedMetricsEnabled'))
    throw new Error(`${logicalId}: route settings ${Object.keys(others).join(', ')} are not known here`)
  if (ThrottlingBurstLimit === undefined || ThrottlingRateLimit === undefined) return () => true
  const [burst, rate] = [number(ThrottlingBurstLimit, logicalId), number(ThrottlingRateLimit, logicalId)]
  let tokens = burst
  let last = performance.now()
  return () => {
    const now = performance.now()
    tokens = Math.min(burst, tokens + ((now - last) / 1000) * rate)
    last = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
