// GET or HEAD of a probe, of what stands beside it, or of the public key.

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { createFetch } from '../lib/aws/fetch.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/model/keys.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { resolve } from '../lib/serve/resolve.ts'
import { callerOf, problems, resultOf } from './runtime/http.ts'
import { internalUrls, resolvePorts } from './runtime/ports.ts'

const MAX_KEY_BYTES = 64 * 1024

const ports = resolvePorts()
const keyUrls = internalUrls('artifactsBucket')
const fetch = createFetch()

/** The key's bytes, not a redirect: it is piped into gpg by clients that follow none. */
async function publicKey(): Promise<Answer> {
  const url = await keyUrls.get(PUBLIC_KEY_OBJECT, { expiresSeconds: 60 })
  const body = await fetch(url, { maxBytes: MAX_KEY_BYTES })
  return { tag: 'bytes', body, contentType: 'application/pgp-keys' }
}

function answer(event: APIGatewayProxyEventV2): Promise<Answer> {
  const { method } = event.requestContext.http
  const request = { method, path: event.rawPath, caller: callerOf(event, ports.settings) }
  if (request.path !== `/${PUBLIC_KEY_OBJECT}`) return resolve(ports, request)
  methodOf(request)
  return publicKey()
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async (event) => resultOf(await answer(event)))
