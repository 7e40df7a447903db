// GET or HEAD in the layouts of before May 2020, whose clients follow no redirect.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { createFetch } from '../lib/aws/fetch.ts'
import { type DeliverPorts, deliver } from '../lib/serve/direct.ts'
import { behind } from './runtime/edge.ts'
import { below, callerOf, problems, resultOf } from './runtime/http.ts'
import { edge, elapsed, holds, internalUrls, resolvePorts, signs } from './runtime/ports.ts'

const MAX_PROBE_BYTES = 64 * 1024 * 1024
const artifacts = internalUrls('artifactsBucket')
const fetch = createFetch()

const ports: DeliverPorts = {
  ...resolvePorts(),
  holds: holds(),
  elapsed,
  sign: signs(),
  sleep: (milliseconds) => sleep(milliseconds),
  read: async (objectKey) =>
    fetch(await artifacts.get(objectKey, { expiresSeconds: 60 }), { maxBytes: MAX_PROBE_BYTES }),
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .use(behind(edge(ports.settings)))
  .use(below(ports.settings.prefix))
  .handler(async (event) => {
    const { method } = event.requestContext.http
    return resultOf(
      await deliver(ports, { method, path: event.rawPath, caller: callerOf(event, ports.settings) }),
    )
  })
