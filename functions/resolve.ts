// GET or HEAD of a probe, of what stands beside it, of the public key, or of a repository of packages.

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { createReads } from '../lib/aws/presigned-reads.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/model/keys.ts'
import { isOfPackages, packageAnswer } from '../lib/packages/answer.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { resolve } from '../lib/serve/resolve.ts'
import { behind } from './runtime/edge.ts'
import { below, callerOf, problems, resultOf } from './runtime/http.ts'
import { measure, measureAnswer } from './runtime/metrics.ts'
import { edge, internalUrls, pointers, resolvePorts } from './runtime/ports.ts'

const MAX_KEY_BYTES = 64 * 1024

const ports = { ...resolvePorts(), pointers: pointers() }
const artifacts = createReads(internalUrls('artifactsBucket'))

/** The key's bytes, not a redirect: it is piped into gpg by clients that follow none. */
async function publicKey(): Promise<Answer> {
  const body = await artifacts.get(PUBLIC_KEY_OBJECT, MAX_KEY_BYTES)
  if (body === undefined) throw new ProbeError('misconfigured', `the bucket has no ${PUBLIC_KEY_OBJECT}`)
  return { tag: 'bytes', body, contentType: 'application/pgp-keys' }
}

function answer(event: APIGatewayProxyEventV2): Promise<Answer> {
  const { method } = event.requestContext.http
  const request = { method, path: event.rawPath, caller: callerOf(event, ports.settings) }
  if (isOfPackages(request.path)) return packageAnswer(ports, { ...request, query: event.rawQueryString })
  if (request.path !== `/${PUBLIC_KEY_OBJECT}`) return resolve(ports, request)
  methodOf(request)
  return publicKey()
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .use(behind(edge(ports.settings)))
  .use(below(ports.settings.prefix))
  .handler(async (event) => {
    const answered = await answer(event)
    measureAnswer(measure, event.rawPath, answered)
    return resultOf(answered)
  })
