// GET or HEAD of anything but /wait: a probe, what stands beside it, or the public key.

import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Answer } from '../lib/answer.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { checkBuildable } from '../lib/buildable.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/environment.ts'
import { type ResolvePorts, resolve } from '../lib/resolve.ts'
import { budgets, bus, clientUrls, index, internalUrls, settings } from './environment.ts'
import { callerOf, problems, resultOf } from './http.ts'

const MAX_KEY_BYTES = 64 * 1024

const ports: ResolvePorts = {
  index: index(),
  budgets: budgets(),
  bus: bus(),
  artifacts: clientUrls('artifactsBucket'),
  staging: clientUrls('stagingBucket'),
  now: Date.now,
  newId: randomUUID,
  settings: settings(),
  check: (probe) => checkBuildable(settings(), probe),
}
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
  if (event.rawPath === `/${PUBLIC_KEY_OBJECT}` && method === 'GET') return publicKey()
  return resolve(ports, { method, path: event.rawPath, caller: callerOf(event) })
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async (event) => resultOf(await answer(event)))
