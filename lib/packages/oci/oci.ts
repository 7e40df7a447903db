// Maintains the image registry: a tag for each driver and kernel, with an index of its published probes.

import { sha256 } from '../../model/digest.ts'
import type { ImageObject } from '../../model/image.ts'
import { imageObject } from '../../model/keys.ts'
import type { Probe } from '../../model/probe.ts'
import { probeOf } from '../../names/grammar.ts'
import { type Change, type Channel, changeOf, type PackagePorts } from '../channel.ts'
import { contentsOf } from '../contents.ts'
import { keepList, readList, retried } from '../lists.ts'
import { withTag } from './list.ts'
import { type Blob, imagesOf, type Made, type Member } from './manifests.ts'
import { hasName, keysOf, repositoryOf, SHAPES, type Shape, tagOf } from './names.ts'
import { TAGS, tagsId } from './paths.ts'
import { signatureOf } from './sign.ts'

/** `refresh` does nothing: no list goes stale, and answer.ts refuses revoked driver versions. */
export const oci: Channel = { name: 'oci', takes: hasName, update, refresh: async () => {} }

/** In bytes: enough for some million tags. */
const MAX_LIST = 64 * 1024 * 1024

/** The tag of one kernel in one repository. */
interface Place {
  readonly shape: Shape
  readonly probe: Probe
  readonly repository: string
  readonly tag: string
}

/**
 * Writes blobs, manifests and signatures, then the tag, and last the list of tags. A crash before the tag leaves objects that no
 * client gets. A crash before the list leaves a tag that the list lacks. The event comes again, and does the rest.
 * @throws {ProbeError} `misconfigured`; `no-room`: another writer was faster each time.
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

/** Reads the tag before the states, so that a writer with older states cannot replace the tag of a newer one. */
async function moveTag(ports: PackagePorts, place: Place): Promise<void> {
  const name = nameOf(place)
  await retried(`the tag ${name}`, async () => {
    const before = await ports.images.tagged(name, { consistent: true })
    const { of, digest } = await keepImages(ports, place)
    if (before?.digest === digest) return true
    const number = (before?.number ?? 0) + 1
    // A tag without an image keeps its probes, because their states explain why the image is gone.
    const next = digest === undefined ? { number, of: before?.of ?? [] } : { number, of, digest }
    return ports.images.move(name, next)
  })
}

/** Stores images of all probes that are published for that kernel now. `digest`: of their index; `undefined`: there are none. */
async function keepImages(ports: PackagePorts, { shape, probe, repository }: Place) {
  const keys = keysOf(probe).filter((key) => shape === 'probes' || probeOf(key).kind === 'kmod')
  const members = await membersOf(ports, keys)
  const of = members.map(({ published }) => published.key)
  const images = imagesOf(shape, members)
  for (const [i, made] of (images?.made ?? []).entries())
    await keepSigned(ports, repository, { ...made, of: [of[i]!] })
  if (images !== undefined) await keepSigned(ports, repository, { manifest: images.index, blobs: [], of })
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

/** Writes objects before the items that lead to them. A crash in between leaves objects that nobody can reach. */
async function keepSigned(
  ports: PackagePorts,
  repository: string,
  { manifest, blobs, of }: Pick<Made, 'manifest' | 'blobs'> & { readonly of: readonly string[] },
): Promise<void> {
  const signature = await signatureOf(ports.signer.signPlain, repository, manifest)
  const all = [...blobs, ...(signature?.blobs ?? []), ...(signature ? [signature.manifest] : []), manifest]
  await Promise.all(all.map((blob) => keepObject(ports, blob)))
  const items = Object.fromEntries(all.map((blob) => [blob.digest, itemOf(blob, of)]))
  const signed = signature === undefined ? {} : { signature: signature.manifest.digest }
  await ports.images.keep({ ...items, [manifest.digest]: { ...itemOf(manifest, of), ...signed } })
}

const objectOf = (blob: Blob): string => ('object' in blob ? blob.object : imageObject(blob.digest))

function itemOf(blob: Blob, of: readonly string[]): ImageObject {
  return { mediaType: blob.mediaType, bytes: blob.size, object: objectOf(blob), of }
}

async function keepObject({ artifacts }: PackagePorts, blob: Blob): Promise<void> {
  if (!('body' in blob)) return
  const { body, mediaType } = blob
  await artifacts.create(objectOf(blob), body, { contentType: mediaType, sha256: sha256(body) })
}

/** Reads the list before the tag. So a writer that moves the tag later also moves the list later. */
async function list(ports: PackagePorts, place: Place): Promise<void> {
  const { artifacts, images, pointers, now } = ports
  const id = tagsId(place.repository)
  await retried(`the tags of ${id}`, async () => {
    const shown = await pointers.read(id, { consistent: true })
    const before = (await readList(artifacts, 'oci', shown?.files[TAGS], MAX_LIST)) ?? ''
    const tagged = await images.tagged(nameOf(place), { consistent: true })
    const after = withTag(before, place.tag, tagged?.digest !== undefined)
    if (after === before) return true
    const files = { [TAGS]: await keepList(artifacts, 'oci', after, 'text/plain') }
    const date = Math.max(now(), shown?.date ?? 0)
    return pointers.move(id, { number: (shown?.number ?? 0) + 1, date, files })
  })
}
