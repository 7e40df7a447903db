// A client of a registry of images asks for a manifest, a blob or a list: a few small reads, and for a blob it is sent to
// the object.

import { unreachable } from '../../model/errors.ts'
import type { ImageObject } from '../../model/image.ts'
import { imageObject } from '../../model/keys.ts'
import type { Images, Index, Pointers, Presigner, Store } from '../../model/ports.ts'
import type { Settings } from '../../model/settings.ts'
import { format, probeOf } from '../../names/grammar.ts'
import { type Answer, methodOf, type ReadMethod, redirect } from '../../serve/answer.ts'
import { SIGNATURE_ARTIFACT, signedBy } from '../../signing/cosign.ts'
import { pageOf } from './list.ts'
import { INDEX, MANIFEST } from './media-types.ts'
import { kernelIn, repositoryIn } from './names.ts'
import { type Asked, askedOf, TAGS, tagsId } from './paths.ts'
import { type Refusal, refusalAnswer, refused, VERSION_HEADER } from './refusals.ts'

export interface ImageAnswerPorts {
  readonly index: Pick<Index, 'get'>
  readonly images: Pick<Images, 'find' | 'tagged'>
  readonly pointers: Pick<Pointers, 'read'>
  readonly artifacts: Presigner
  /** of the artifacts bucket: what is answered as it is */
  readonly small: Pick<Store, 'get'>
  readonly settings: Pick<Settings, 'revoked'>
}

export interface ImageRequest {
  readonly method: string
  /** decoded once, as a gateway has it */
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
}

/** As of a probe itself: long enough to begin a download. */
const PRESIGN = { expiresSeconds: 300 }
/** Of a manifest, and of a list of tags that is read whole for a page of it. */
const MAX_MANIFEST = 1024 * 1024
const MAX_LIST = 64 * 1024 * 1024
const MAX_PAGE = 1000

/** ProbeError `method-not-allowed`: nothing is pushed here. */
export async function imageAnswer(ports: ImageAnswerPorts, request: ImageRequest): Promise<Answer> {
  const method = methodOf(request)
  const asked = askedOf(request.path)
  const answer = asked.tag === 'refused' ? asked : await answerTo(ports, asked, method, request.query)
  return answer.tag === 'refused' ? refusalAnswer(answer) : answer
}

async function answerTo(
  ports: ImageAnswerPorts,
  asked: Asked,
  method: ReadMethod,
  query: ImageRequest['query'],
): Promise<Answer | Refusal> {
  if (asked.tag === 'version') return { tag: 'json', body: {}, headers: VERSION_HEADER }
  const unknown = unknownName(ports, asked.name)
  if (unknown !== undefined) return unknown
  switch (asked.tag) {
    case 'tags':
      return tagsAnswer(ports, asked.name, query)
    case 'tagged':
      return taggedAnswer(ports, asked.name, asked.reference)
    case 'manifest':
      return manifestAnswer(ports, asked.name, asked.digest)
    case 'blob':
      return blobAnswer(ports, asked.name, asked.digest, method)
    case 'referrers':
      return referrersAnswer(ports, asked.name, asked.digest)
    default:
      return unreachable(asked)
  }
}

/** Pure, and so for a revoked version from the moment on that the settings say so. */
function unknownName({ settings }: ImageAnswerPorts, name: string): Refusal | undefined {
  const repository = repositoryIn(name)
  if (repository === undefined)
    return refused(
      'NAME_UNKNOWN',
      'here are probes/DRIVER/VERSION and modules/DRIVER/VERSION: docs/images.md',
    )
  if (!settings.revoked.includes(repository.driverVersion)) return undefined
  return refused(
    'MANIFEST_UNKNOWN',
    `driver version ${repository.driverVersion} was revoked: use a newer one`,
  )
}

async function taggedAnswer(ports: ImageAnswerPorts, name: string, tag: string): Promise<Answer | Refusal> {
  const signed = signedBy(tag)
  if (signed !== undefined) return signatureAnswer(ports, name, signed)
  const found = await ports.images.tagged(`${name}:${tag}`)
  if (found === undefined) return refused('MANIFEST_UNKNOWN', missing(name, tag))
  const gone = await whyGone(ports, found.of, 'all')
  if (gone !== undefined) return refused('MANIFEST_UNKNOWN', gone)
  if (found.digest === undefined) return refused('MANIFEST_UNKNOWN', missing(name, tag))
  return documentAnswer(ports, found.digest, INDEX)
}

/** What to do: a probe is built for whoever asks for it by its own name. */
function missing(name: string, tag: string): string {
  const repository = repositoryIn(name)
  const kernel = repository && kernelIn(repository, tag)
  if (kernel === undefined)
    return `nothing of ${name} is called ${tag}: tags are TARGET_RELEASE_VERSION, as in names of probes`
  const path = format({ ...kernel, arch: 'x86_64', kind: 'kmod' })
  return `${tag} is not built: GET ${path} builds it, and soon after it is here`
}

async function signatureAnswer(
  ports: ImageAnswerPorts,
  name: string,
  digest: string,
): Promise<Answer | Refusal> {
  const { signature } = (await ports.images.find(digest)) ?? {}
  if (signature === undefined) return refused('MANIFEST_UNKNOWN', `nothing here signs ${digest}`)
  return manifestAnswer(ports, name, signature)
}

async function manifestAnswer(
  ports: ImageAnswerPorts,
  name: string,
  digest: string,
): Promise<Answer | Refusal> {
  const found = await find(ports, name, digest)
  if (found === undefined || !MANIFESTS.includes(found.mediaType))
    return refused('MANIFEST_UNKNOWN', `${name} has no manifest ${digest}`)
  const gone = await whyGone(ports, found.of, found.mediaType === INDEX ? 'all' : 'any')
  return gone === undefined
    ? documentAnswer(ports, digest, found.mediaType)
    : refused('MANIFEST_UNKNOWN', gone)
}

const MANIFESTS: readonly string[] = [MANIFEST, INDEX]

/** The bytes themselves: what they are is said in headers, which a redirect would lose. */
async function documentAnswer(
  { small }: ImageAnswerPorts,
  digest: string,
  contentType: string,
): Promise<Answer> {
  const body = await small.get(imageObject(digest), MAX_MANIFEST)
  if (body === undefined) throw new Error(`the manifest ${digest} is named, and its object is not there`)
  return { tag: 'bytes', body, contentType, headers: { ...VERSION_HEADER, 'docker-content-digest': digest } }
}

async function blobAnswer(
  ports: ImageAnswerPorts,
  name: string,
  digest: string,
  method: ReadMethod,
): Promise<Answer | Refusal> {
  const found = await find(ports, name, digest)
  if (found === undefined) return refused('BLOB_UNKNOWN', `${name} has no blob ${digest}`)
  const gone = await whyGone(ports, found.of, 'any')
  if (gone !== undefined) return refused('BLOB_UNKNOWN', gone)
  const { artifacts } = ports
  const url =
    method === 'HEAD'
      ? await artifacts.head(found.object, PRESIGN)
      : await artifacts.get(found.object, { ...PRESIGN, contentType: 'application/octet-stream' })
  return { ...redirect(url), headers: { ...VERSION_HEADER, 'docker-content-digest': digest } }
}

/** Of a repository is what is of one of its probes. */
async function find(
  { images }: ImageAnswerPorts,
  name: string,
  digest: string,
): Promise<ImageObject | undefined> {
  const repository = repositoryIn(name)
  const found = await images.find(digest)
  const isOf = (found?.of ?? [])
    .map(probeOf)
    .some(
      ({ driverName, driverVersion }) =>
        driverName === repository?.driverName && driverVersion === repository.driverVersion,
    )
  return isOf ? found : undefined
}

/**
 * Why one of them, or all of them, are served to nobody; `undefined`: what is made of them may be. The index has the truth,
 * whatever was tagged before.
 */
async function whyGone(
  ports: ImageAnswerPorts,
  keys: readonly string[],
  needed: 'all' | 'any',
): Promise<string | undefined> {
  const reasons = await Promise.all(keys.map((key) => whyProbeGone(ports, key)))
  const gone = reasons.filter((reason) => reason !== undefined)
  const isGone = needed === 'all' ? gone.length > 0 : gone.length === keys.length
  return isGone ? gone[0] : undefined
}

async function whyProbeGone({ index, settings }: ImageAnswerPorts, key: string): Promise<string | undefined> {
  const { driverVersion } = probeOf(key)
  if (settings.revoked.includes(driverVersion))
    return `driver version ${driverVersion} was revoked: use a newer one`
  const state = await index.get(key)
  if (state?.state !== 'published') return `/${key} is not published any more`
  if (state.withdrawn === undefined) return undefined
  return `/${key} was withdrawn by whoever runs this registry: ${state.withdrawn.reason}`
}

async function tagsAnswer(
  ports: ImageAnswerPorts,
  name: string,
  { n = String(MAX_PAGE), last }: ImageRequest['query'],
): Promise<Answer | Refusal> {
  if (!/^\d{1,9}$/.test(n)) return refused('PAGINATION_NUMBER_INVALID', 'n is a number')
  const file = (await ports.pointers.read(tagsId(name)))?.files[TAGS]
  if (file === undefined) return refused('NAME_UNKNOWN', `nothing of ${name} was ever published`)
  const body = await ports.small.get(imageObject(`sha256:${file.sha256}`), MAX_LIST)
  if (body === undefined) throw new Error(`the tags of ${name} are named, and their object is not there`)
  const size = Math.min(Number(n), MAX_PAGE)
  const { tags, isCut } = pageOf(Buffer.from(body).toString(), size, last)
  const next = isCut ? `</v2/${name}/tags/list?n=${size}&last=${tags.at(-1)}>; rel="next"` : undefined
  const headers = { ...VERSION_HEADER, ...(next === undefined ? {} : { link: next }) }
  return { tag: 'json', body: { name, tags }, headers }
}

/** What refers to a digest is its signature, and nothing else; of one that is not there nothing does. */
async function referrersAnswer(ports: ImageAnswerPorts, name: string, digest: string): Promise<Answer> {
  const signature = (await find(ports, name, digest))?.signature
  const found = signature === undefined ? undefined : await find(ports, name, signature)
  const manifests =
    found === undefined || (await whyGone(ports, found.of, 'any')) !== undefined
      ? []
      : [{ mediaType: MANIFEST, digest: signature, size: found.bytes, artifactType: SIGNATURE_ARTIFACT }]
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
  return { tag: 'bytes', body, contentType: INDEX, headers: VERSION_HEADER }
}
