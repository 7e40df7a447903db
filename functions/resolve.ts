// Answers GET and HEAD of probes, sidecars, the public key, and repositories of packages and images.

import { createReads } from '../lib/aws/presigned-reads.ts'
import { pemOf } from '../lib/formats/openpgp/pem.ts'
import { ProbeError } from '../lib/model/errors.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/model/keys.ts'
import { packageAnswer } from '../lib/packages/answer.ts'
import { imageAnswer } from '../lib/packages/oci/answer.ts'
import { falcoctlIndex } from '../lib/packages/oci/falcoctl.ts'
import { isOfImages } from '../lib/packages/oci/paths.ts'
import { isOfPackages } from '../lib/packages/places.ts'
import { type Answer, methodOf } from '../lib/serve/answer.ts'
import { resolve } from '../lib/serve/resolve.ts'
import { type HttpEvent, httpHandler } from './runtime/handler.ts'
import { requestOf } from './runtime/http.ts'
import { measure, measureAnswer } from './runtime/metrics.ts'
import { images, internalUrls, pointers, resolvePorts } from './runtime/ports.ts'

const MAX_KEY_BYTES = 64 * 1024

const small = createReads(internalUrls('artifactsBucket'))
const ports = { ...resolvePorts(), pointers: pointers(), images: images(), small }

/** Sends the key's bytes, because clients that pipe them into gpg may follow no redirect. */
async function publicKey(): Promise<Answer> {
  return { tag: 'bytes', body: await readKey(), contentType: 'application/pgp-keys' }
}

async function readKey(): Promise<Uint8Array> {
  const body = await small.get(PUBLIC_KEY_OBJECT, MAX_KEY_BYTES)
  if (body === undefined) throw new ProbeError('misconfigured', `the bucket has no ${PUBLIC_KEY_OBJECT}`)
  return body
}

/** Derives the PEM from the stored key, so that both files always contain the same key. */
async function plainKey(): Promise<Answer> {
  const pem = pemOf(await readKey())
  if (pem === undefined)
    throw new ProbeError('not-found', 'the key of this registry is not an RSA key, and does not sign images')
  return { tag: 'bytes', body: Buffer.from(pem), contentType: 'application/x-pem-file' }
}

/** The index contains the registry's address, which clients keep: the distribution's name, or else the address of this request. */
async function imageIndex({ requestContext, headers }: HttpEvent): Promise<Answer> {
  const { revoked, cloud } = ports.settings
  const host = cloud.edge.names[0] ?? requestContext.domainName
  const keyUrl = `${headers['x-forwarded-proto'] ?? 'https'}://${host}/keys/falco-probes.pem`
  const index = falcoctlIndex({ ids: await ports.pointers.ids(IMAGES), revoked, host, keyUrl })
  return { tag: 'bytes', body: Buffer.from(index), contentType: 'application/yaml' }
}
const IMAGES = 'oci/'

/** Handlers of fixed paths. */
const AT: Readonly<Record<string, (event: HttpEvent) => Promise<Answer>>> = {
  [`/${PUBLIC_KEY_OBJECT}`]: publicKey,
  '/keys/falco-probes.pem': plainKey,
  '/falcoctl/index.yaml': imageIndex,
}

function answer(event: HttpEvent): Promise<Answer> {
  const request = requestOf(event, ports.settings)
  if (isOfPackages(request.path)) return packageAnswer(ports, { ...request, query: event.rawQueryString })
  if (isOfImages(request.path))
    return imageAnswer(ports, { ...request, query: event.queryStringParameters ?? {} })
  const at = Object.hasOwn(AT, request.path) ? AT[request.path] : undefined
  if (at === undefined) return resolve(ports, request)
  methodOf(request)
  return at(event)
}

export const handler = httpHandler(ports.settings, ports.settings.prefix, async (event) => {
  const answered = await answer(event)
  measureAnswer(measure, event.rawPath, answered)
  return answered
})
