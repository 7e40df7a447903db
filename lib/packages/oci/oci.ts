// The registry of images: of each driver and kernel an index over what is published, under a tag.

import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import type { ImageObject } from '../../model/image.ts'
import { imageObject } from '../../model/keys.ts'
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

/**
 * Blobs first, then manifests and what signs them, then the tag, and last the list of tags. A crash before the tag leaves
 * objects that no client is sent to; the event comes again, and finds or makes them. ProbeError `misconfigured`, and
 * `no-room` where others were faster each time.
 */
async function update(ports: PackagePorts, change: Change): Promise<void> {
  for (const shape of SHAPES) {
    if (shape === 'modules' && change.probe.kind !== 'kmod') continue
    const isThere = await moveTag(ports, change, shape)
    await list(ports, change, shape, isThere)
  }
}

/** Whether it names anything now. The tag is read before the states, so that who knew less than another does not move it. */
async function moveTag(ports: PackagePorts, { probe }: Change, shape: Shape): Promise<boolean> {
  const name = `${repositoryOf({ shape, ...probe })}:${tagOf(probe)}`
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const before = await ports.images.tagged(name, { consistent: true })
    const keys = keysOf(probe).filter((key) => shape === 'probes' || probeOf(key).kind === 'kmod')
    const members = await membersOf(ports, keys)
    const images = imagesOf(shape, members)
    const of = members.map(({ published }) => published.key)
    const digest = images?.index.digest
    for (const [i, { manifest, blobs }] of (images?.made ?? []).entries())
      await keepSigned(ports, repositoryOf({ shape, ...probe }), [of[i]!], manifest, blobs)
    if (images !== undefined) await keepSigned(ports, repositoryOf({ shape, ...probe }), of, images.index, [])
    if (before?.digest === digest) return digest !== undefined
    const next = { number: (before?.number ?? 0) + 1, ...(digest === undefined ? {} : { digest }) }
    // What is named no more is still told of by its probes.
    if (await ports.images.move(name, { ...next, of: digest === undefined ? (before?.of ?? []) : of }))
      return digest !== undefined
  }
  throw new ProbeError('no-room', `the tag ${name} is written by too many at one time`)
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

async function list(ports: PackagePorts, { probe }: Change, shape: Shape, isThere: boolean): Promise<void> {
  const { artifacts, pointers, now } = ports
  const id = tagsId(repositoryOf({ shape, ...probe }))
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const shown = await pointers.read(id, { consistent: true })
    const file = shown?.files[TAGS]
    const before = file === undefined ? '' : await readList(ports, file.sha256)
    const after = withTag(before, tagOf(probe), isThere)
    if (after === before) return
    const body = Buffer.from(after)
    const stored = { sha256: sha256(body), bytes: body.length }
    const digest = `sha256:${stored.sha256}`
    await artifacts.create(imageObject(digest), body, { contentType: 'text/plain', sha256: stored.sha256 })
    const next = { number: (shown?.number ?? 0) + 1, date: Math.max(now(), shown?.date ?? 0) }
    if (await pointers.move(id, { ...next, files: { [TAGS]: stored } })) return
  }
  throw new ProbeError('no-room', `the tags of ${id} are written by too many at one time`)
}

/** ProbeError `misconfigured`. */
async function readList({ artifacts }: PackagePorts, digest: string): Promise<string> {
  const body = await artifacts.get(imageObject(`sha256:${digest}`), MAX_LIST)
  if (body === undefined) throw new ProbeError('misconfigured', `the list ${digest} of tags is gone`)
  return Buffer.from(body).toString()
}
