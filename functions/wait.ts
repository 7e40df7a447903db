// Holds those who wait for a build; apart from resolve, so that waiting never slows a hit.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { sharedUnlessBefore, shareReads } from '../lib/serve/shared-reads.ts'
import { type WaitPorts, wait } from '../lib/serve/wait.ts'
import { behind } from './runtime/edge.ts'
import { below, callerOf, problems, resultOf } from './runtime/http.ts'
import { downloads, edge, elapsed, holds, index, placesInQueue, settings, signs } from './runtime/ports.ts'

const current = settings()
const probes = index()

const polled = shareReads(probes, elapsed, (current.hold.pollSeconds * 1000) / 2)

const ports: WaitPorts = {
  index: sharedUnlessBefore(polled, probes),
  polled,
  artifacts: downloads(current),
  holds: holds(),
  newId: randomUUID,
  now: Date.now,
  elapsed,
  sign: signs(),
  placeOf: placesInQueue(current),
  sleep: (milliseconds) => sleep(milliseconds),
  settings: current,
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .use(behind(edge(current)))
  .use(below(current.prefix))
  .handler(async (event) =>
    resultOf(
      await wait(ports, {
        method: event.requestContext.http.method,
        path: event.rawPath,
        caller: callerOf(event, ports.settings),
        until: event.queryStringParameters?.until,
      }),
    ),
  )
