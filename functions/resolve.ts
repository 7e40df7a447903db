// GET or HEAD of a probe, of what stands beside it, of the public key, or of a repository of packages or images.

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { createReads } from '../lib/aws/presigned-reads.ts'
import { pemOf } from '../lib/formats/openpgp/pem.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/model/keys.ts'
import { isOfPackages, packageAnswer } from '../lib/packages/answer.ts'
import { imageAnswer } from '../lib/packages/oci/answer.ts'
import { falcoctlIndex } from '../lib/packages/oci/falcoctl.ts'
import { isOfImages } from '../lib/packages/oci/paths.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { resolve } from '../lib/serve/resolve.ts'
import { behind } from './runtime/edge.ts'
import { below, callerOf, problems, resultOf } from './runtime/http.ts'
import { measure, measureAnswer } from './runtime/metrics.ts'
import { edge, images, internalUrls, pointers, resolvePorts } from './runtime/ports.ts'

const MAX_KEY_BYTES = 64 * 1024

const small = createReads(internalUrls('artifactsBucket'))
const ports = { ...resolvePorts(), pointers: pointers(), images: images(), small }

/** The key's bytes, not a redirect: it is piped into gpg by clients that follow none. */
async function publicKey(): Promise<Answer> {
  return { tag: 'bytes', body: await readKey(), contentType: 'application/pgp-keys' }
}

async function readKey(): Promise<Uint8Array> {
  const body = await small.get(PUBLIC_KEY_OBJECT, MAX_KEY_BYTES)
  if (body === undefined) throw new ProbeError('misconfigured', `the bucket has no ${PUBLIC_KEY_OBJECT}`)
  return body
}

/** Made of the key that is there, whoever has put it there: the two can never be of two keys. */
async function plainKey(): Promise<Answer> {
  const pem = pemOf(await readKey())
  if (pem === undefined)
    throw new ProbeError(
      'not-found',
      'the key of this registry is no RSA key, and images are not signed by it',
    )
  return { tag: 'bytes', body: Buffer.from(pem), contentType: 'application/x-pem-file' }
}

/** Clients reach the registry as they have reached it now, but behind a distribution, whose name they ask by. */
async function imageIndex({ requestContext, headers }: APIGatewayProxyEventV2): Promise<Answer> {
  const { revoked, cloud } = ports.settings
  const host = cloud.edge.names[0] ?? requestContext.domainName
  const keyUrl = `${headers['x-forwarded-proto'] ?? 'https'}://${host}/keys/falco-probes.pem`
  const index = falcoctlIndex({ ids: await ports.pointers.ids(IMAGES), revoked, host, keyUrl })
  return { tag: 'bytes', body: Buffer.from(index), contentType: 'application/yaml' }
}
const IMAGES = 'oci/'

/** What is at one path alone. */
const AT: Readonly<Record<string, (event: APIGatewayProxyEventV2) => Promise<Answer>>> = {
  [`/${PUBLIC_KEY_OBJECT}`]: publicKey,
  '/keys/falco-probes.pem': plainKey,
  '/falcoctl/index.yaml': imageIndex,
}

function answer(event: APIGatewayProxyEventV2): Promise<Answer> {
  const { method } = event.requestContext.http
  const request = { method, path: event.rawPath, caller: callerOf(event, ports.settings) }
  if (isOfPackages(request.path)) return packageAnswer(ports, { ...request, query: event.rawQueryString })
  if (isOfImages(request.path))
    return imageAnswer(ports, { ...request, query: event.queryStringParameters ?? {} })
  const at = Object.hasOwn(AT, request.path) ? AT[request.path] : undefined
  if (at === undefined) return resolve(ports, request)
  methodOf(request)
  return at(event)
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
