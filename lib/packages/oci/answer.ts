// Answers clients of the image registry: sends manifests and lists after a few small reads, and redirects to blobs.

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
import { kernelIn, repositoryIn, repositoryOf } from './names.ts'
import { type Asked, askedOf, TAGS, tagsId } from './paths.ts'
import { type Refusal, refusalAnswer, refused, VERSION_HEADER } from './refusals.ts'

interface Ports {
  readonly index: Pick<Index, 'get'>
  readonly images: Pick<Images, 'find' | 'tagged'>
  readonly pointers: Pick<Pointers, 'read'>
  readonly artifacts: Presigner
  /** the artifacts bucket, for manifests and lists, which are sent inline */
  readonly small: Pick<Store, 'get'>
  readonly settings: Pick<Settings, 'revoked'>
}

interface ImageRequest {
  readonly method: string
  /** percent-decoded once, by the gateway */
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
}

type Answered = Answer | Refusal

/** Long enough to begin a download. The redirect to a probe uses the same time. */
const PRESIGN = { expiresSeconds: 300 }
const MAX_MANIFEST = 1024 * 1024
const MAX_LIST = 64 * 1024 * 1024
const MAX_PAGE = 1000

/** @throws {ProbeError} `method-not-allowed`: the registry accepts no pushes. */
export async function imageAnswer(ports: Ports, request: ImageRequest): Promise<Answer> {
  const method = methodOf(request)
  const asked = askedOf(request.path)
  const answer = asked.tag === 'refused' ? asked : await answerTo(ports, asked, method, request.query)
  return answer.tag === 'refused' ? refusalAnswer(answer) : answer
}

async function answerTo(
  ports: Ports,
  asked: Asked,
  method: ReadMethod,
  query: ImageRequest['query'],
): Promise<Answered> {
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

/** Refuses a repository that cannot exist, or whose driver version the settings revoke. */
function unknownName({ settings }: Ports, name: string): Refusal | undefined {
  const repository = repositoryIn(name)
  if (repository === undefined)
    return refused(
      'NAME_UNKNOWN',
      'repositories are probes/DRIVER/VERSION and modules/DRIVER/VERSION: docs/images.md',
    )
  if (!settings.revoked.includes(repository.driverVersion)) return undefined
  return refused(
    'MANIFEST_UNKNOWN',
    `driver version ${repository.driverVersion} was revoked: use a newer one`,
  )
}

async function taggedAnswer(ports: Ports, name: string, tag: string): Promise<Answered> {
  const signed = signedBy(tag)
  if (signed !== undefined) return signatureAnswer(ports, name, signed)
  const found = await ports.images.tagged(`${name}:${tag}`)
  const gone = found && (await whyGone(ports, found.of, 'all'))
  if (found?.digest === undefined || gone !== undefined)
    return refused('MANIFEST_UNKNOWN', gone ?? missing(name, tag))
  return documentAnswer(ports, found.digest, INDEX)
}

/** Explains how to get the tag: a GET of the probe by its name builds it. */
function missing(name: string, tag: string): string {
  const repository = repositoryIn(name)
  const kernel = repository && kernelIn(repository, tag)
  if (kernel === undefined)
    return `${name} has no tag ${tag}: tags are TARGET_RELEASE_VERSION, as in names of probes`
  const path = format({ ...kernel, arch: 'x86_64', kind: 'kmod' })
  return `${tag} is not built: GET ${path} builds it, and the tag appears soon after`
}

async function signatureAnswer(ports: Ports, name: string, digest: string): Promise<Answered> {
  const { signature } = (await ports.images.find(digest)) ?? {}
  if (signature === undefined) return refused('MANIFEST_UNKNOWN', `no manifest here signs ${digest}`)
  return manifestAnswer(ports, name, signature)
}

async function manifestAnswer(ports: Ports, name: string, digest: string): Promise<Answered> {
  const found = await find(ports, name, digest)
  if (found === undefined || !MANIFESTS.includes(found.mediaType))
    return refused('MANIFEST_UNKNOWN', `${name} has no manifest ${digest}`)
  const gone = await whyGone(ports, found.of, found.mediaType === INDEX ? 'all' : 'any')
  if (gone !== undefined) return refused('MANIFEST_UNKNOWN', gone)
  return documentAnswer(ports, digest, found.mediaType)
}

const MANIFESTS: readonly string[] = [MANIFEST, INDEX]

/** Sends the document inline, because a redirect would lose the headers that describe it. */
async function documentAnswer({ small }: Ports, digest: string, contentType: string): Promise<Answer> {
  const body = await small.get(imageObject(digest), MAX_MANIFEST)
  if (body === undefined) throw new Error(`the object of the manifest ${digest} is missing`)
  return { tag: 'bytes', body, contentType, headers: { ...VERSION_HEADER, 'docker-content-digest': digest } }
}

async function blobAnswer(ports: Ports, name: string, digest: string, method: ReadMethod): Promise<Answered> {
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

/** Finds only objects that belong to a probe of this repository. */
async function find({ images }: Ports, name: string, digest: string): Promise<ImageObject | undefined> {
  const repository = repositoryIn(name)
  const found = await images.find(digest)
  const isOf =
    repository && found?.of.some((key) => repositoryOf({ ...repository, ...probeOf(key) }) === name)
  return isOf ? found : undefined
}

/**
 * Why the registry does not serve an object of these probes, from their states in the index; `undefined`: it serves it.
 * `needed`: whether all of the probes must be served, or any.
 */
async function whyGone(
  ports: Ports,
  keys: readonly string[],
  needed: 'all' | 'any',
): Promise<string | undefined> {
  const reasons = await Promise.all(keys.map((key) => whyProbeGone(ports, key)))
  const gone = reasons.filter((reason) => reason !== undefined)
  const isGone = needed === 'all' ? gone.length > 0 : gone.length === keys.length
  return isGone ? gone[0] : undefined
}

async function whyProbeGone({ index, settings }: Ports, key: string): Promise<string | undefined> {
  const { driverVersion } = probeOf(key)
  if (settings.revoked.includes(driverVersion))
    return `driver version ${driverVersion} was revoked: use a newer one`
  const state = await index.get(key)
  if (state?.state !== 'published') return `/${key} is not published any more`
  if (state.withdrawn === undefined) return undefined
  return `/${key} was withdrawn by whoever runs this registry: ${state.withdrawn.reason}`
}

async function tagsAnswer(
  ports: Ports,
  name: string,
  { n = String(MAX_PAGE), last }: ImageRequest['query'],
): Promise<Answered> {
  if (!/^\d{1,9}$/.test(n)) return refused('PAGINATION_NUMBER_INVALID', 'n must be a number')
  const file = (await ports.pointers.read(tagsId(name)))?.files[TAGS]
  if (file === undefined) return refused('NAME_UNKNOWN', `${name} was never published`)
  const body = await ports.small.get(imageObject(`sha256:${file.sha256}`), MAX_LIST)
  if (body === undefined) throw new Error(`the object of the tags of ${name} is missing`)
  const size = Math.min(Number(n), MAX_PAGE)
  const { tags, isCut } = pageOf(Buffer.from(body).toString(), size, last)
  const link = `</v2/${name}/tags/list?n=${size}&last=${tags.at(-1)}>; rel="next"`
  const headers = isCut ? { ...VERSION_HEADER, link } : VERSION_HEADER
  return { tag: 'json', body: { name, tags }, headers }
}

/** Only signatures refer to digests. The list for an unknown digest is empty. */
async function referrersAnswer(ports: Ports, name: string, digest: string): Promise<Answer> {
  const signature = (await find(ports, name, digest))?.signature
  const found = signature === undefined ? undefined : await find(ports, name, signature)
  const manifests =
    found === undefined || (await whyGone(ports, found.of, 'any')) !== undefined
      ? []
      : [{ mediaType: MANIFEST, digest: signature, size: found.bytes, artifactType: SIGNATURE_ARTIFACT }]
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
  return { tag: 'bytes', body, contentType: INDEX, headers: VERSION_HEADER }
}
