// The registry of images: of each driver and kernel an index over what is published, under a tag.

import { type Stored, sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import type { ImageObject } from '../../model/image.ts'
import { imageObject, listObject } from '../../model/keys.ts'
import type { Probe } from '../../model/probe.ts'
import { probeOf } from '../../names/grammar.ts'
import { type Change, type Channel, changeOf, type PackagePorts } from '../channel.ts'
import { contentsOf } from '../contents.ts'
import { withTag } from './list.ts'
import { type Blob, imagesOf, type Member } from './manifests.ts'
import { hasName, keysOf, repositoryOf, SHAPES, type Shape, tagOf } from './names.ts'
import { TAGS, tagsId } from './paths.ts'
import { signatureOf } from './sign.ts'

/** Nothing goes stale here, and what was revoked is refused by whoever answers. */
export const oci: Channel = { name: 'oci', takes: hasName, update, refresh: async () => {} }

/** Changes of one tag, or of one list, by others meanwhile, before the event is left to come again. */
const TRIES = 10
/** Of the list of one repository: some million tags. */
const MAX_LIST = 64 * 1024 * 1024

/** What a change is of: the tag of one kernel in one repository. */
interface Place {
  readonly shape: Shape
  readonly probe: Probe
  readonly repository: string
  readonly tag: string
}

/**
 * Blobs, manifests and what signs them first, then the tag, and last the list of tags. A crash before the tag leaves objects
 * that no client is sent to, one before the list a tag that is in no list; the event comes again, and does what is left.
 * ProbeError `misconfigured`, and `no-room` where others were faster each time.
 */
async function update(ports: PackagePorts, { probe }: Change): Promise<void> {
  for (const shape of SHAPES) {
    if (shape === 'modules' && probe.kind !== 'kmod') continue
    const place = { shape, probe, repository: repositoryOf({ shape, ...probe }), tag: tagOf(probe) }
    await moveTag(ports, place)
    await list(ports, place)
  }
}

const nameOf = ({ repository, tag }: Place): string => `${repository}:${tag}`

/** The tag is read before the states, so that who knew less than another does not move it. */
async function moveTag(ports: PackagePorts, place: Place): Promise<void> {
  const name = nameOf(place)
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const before = await ports.images.tagged(name, { consistent: true })
    const { of, digest } = await keepImages(ports, place)
    if (before?.digest === digest) return
    const number = (before?.number ?? 0) + 1
    // What is named no more is still told of by its probes.
    const next = digest === undefined ? { number, of: before?.of ?? [] } : { number, of, digest }
    if (await ports.images.move(name, next)) return
  }
  throw new ProbeError('no-room', `the tag ${name} is written by too many at one time`)
}

/** All that is published of that kernel now, with the digest of the index over it; `undefined`: nothing is. */
async function keepImages(ports: PackagePorts, { shape, probe, repository }: Place) {
  const keys = keysOf(probe).filter((key) => shape === 'probes' || probeOf(key).kind === 'kmod')
  const members = await membersOf(ports, keys)
  const of = members.map(({ published }) => published.key)
  const images = imagesOf(shape, members)
  for (const [i, { manifest, blobs }] of (images?.made ?? []).entries())
    await keepSigned(ports, repository, [of[i]!], manifest, blobs)
  if (images !== undefined) await keepSigned(ports, repository, of, images.index, [])
  return { of, digest: images?.index.digest }
}

async function membersOf(ports: PackagePorts, keys: readonly string[]): Promise<Member[]> {
  const members = await Promise.all(
    keys.map(async (key) => {
      const published = await changeOf(ports, key, probeOf(key))
      if (published.tag === 'gone') return []
      return [{ published, contents: await contentsOf(ports.artifacts, published) }]
    }),
  )
  return members.flat()
}

/** The objects before what leads to them: a crash between leaves some that are never asked for. */
async function keepSigned(
  ports: PackagePorts,
  repository: string,
  of: readonly string[],
  manifest: Blob,
  blobs: readonly Blob[],
): Promise<void> {
  const signature = await signatureOf(ports.signer.signPlain, repository, manifest)
  const all = [...blobs, ...(signature?.blobs ?? []), ...(signature ? [signature.manifest] : []), manifest]
  await Promise.all(all.map((blob) => keepObject(ports, blob)))
  const items = Object.fromEntries(all.map((blob) => [blob.digest, itemOf(blob, of)]))
  const signed = signature === undefined ? {} : { signature: signature.manifest.digest }
  await ports.images.keep({ ...items, [manifest.digest]: { ...itemOf(manifest, of), ...signed } })
}

const objectOf = (blob: Blob): string => ('object' in blob ? blob.object : imageObject(blob.digest))

const itemOf = (blob: Blob, of: readonly string[]): ImageObject => ({
  ...{ mediaType: blob.mediaType, bytes: blob.size, object: objectOf(blob), of },
})

async function keepObject({ artifacts }: PackagePorts, blob: Blob): Promise<void> {
  if (!('body' in blob)) return
  const { body, mediaType } = blob
  await artifacts.create(objectOf(blob), body, { contentType: mediaType, sha256: sha256(body) })
}

/** The list is read before the tag: who moves the tag after that moves the list after this. */
async function list(ports: PackagePorts, place: Place): Promise<void> {
  const { artifacts, images, pointers, now } = ports
  const id = tagsId(place.repository)
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const shown = await pointers.read(id, { consistent: true })
    const before = await readList(ports, shown?.files[TAGS])
    const tagged = await images.tagged(nameOf(place), { consistent: true })
    const after = withTag(before, place.tag, tagged?.digest !== undefined)
    if (after === before) return
    const body = Buffer.from(after)
    const digest = sha256(body)
    await artifacts.create(listObject('oci', digest), body, { contentType: 'text/plain', sha256: digest })
    const next = { number: (shown?.number ?? 0) + 1, date: Math.max(now(), shown?.date ?? 0) }
    if (await pointers.move(id, { ...next, files: { [TAGS]: { sha256: digest, bytes: body.length } } }))
      return
  }
  throw new ProbeError('no-room', `the tags of ${id} are written by too many at one time`)
}

/** Nothing where there is none. ProbeError `misconfigured`. */
async function readList({ artifacts }: PackagePorts, list: Stored | undefined): Promise<string> {
  if (list === undefined) return ''
  const body = await artifacts.get(listObject('oci', list.sha256), MAX_LIST)
  if (body === undefined) throw new ProbeError('misconfigured', `the list ${list.sha256} of tags is gone`)
  return Buffer.from(body).toString()
}
