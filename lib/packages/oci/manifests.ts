// Makes the OCI artifacts, images and indexes of probes. Deterministic: the published probes decide every byte.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md

import { gzipSync } from 'node:zlib'
import { modulesDep, modulesDepBin } from '../../formats/modules-dep.ts'
import { packEntries } from '../../formats/tar-pack.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import type { FolderEntry } from '../../model/ports.ts'
import type { Arch, Probe } from '../../model/probe.ts'
import { fileOf } from '../../names/file.ts'
import type { Contents, Published } from '../contents.ts'
import { CONFIG, INDEX, LAYER, MANIFEST } from './media-types.ts'
import { repositoryOf, type Shape, tagOf } from './names.ts'

/** falcoctl unpacks the first layer of an `asset`, and recognizes the asset by its config. */
const ASSET_CONFIG = 'application/vnd.cncf.falco.asset.config.v1+json'
const ASSET_LAYER = 'application/vnd.cncf.falco.asset.layer.v1+tar.gz'
const BYTES = 'application/octet-stream'
const SIGNATURE = 'application/pgp-signature'

/** Annotations of the image specification, and the registry's own (nobody owns `.internal`). */
const TITLE = 'org.opencontainers.image.title'
const CREATED = 'org.opencontainers.image.created'
const VERSION = 'org.opencontainers.image.version'
const KIND = 'internal.falco-probe-registry.kind'

type Texts = Readonly<Record<string, string>>

export interface Descriptor {
  readonly mediaType: string
  /** `sha256:` and 64 hex digits */
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: string; readonly os: 'linux' }
  readonly annotations?: Texts
}

/** A blob with its own bytes, or one that is already a published object. */
export type Blob = BlobBytes | (Descriptor & { readonly object: string })
export type BlobBytes = Descriptor & { readonly body: Uint8Array }

export const blobOf = (mediaType: string, body: Uint8Array): BlobBytes => ({
  mediaType,
  digest: `sha256:${sha256(body)}`,
  size: body.length,
  body,
})

export const documentOf = (mediaType: string, document: object) =>
  blobOf(mediaType, Buffer.from(JSON.stringify(document)))

export const manifestOf = (members: object) =>
  documentOf(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, ...members })

export const descriptorOf = ({ mediaType, digest, size }: Descriptor, annotations?: Texts): Descriptor => ({
  ...{ mediaType, digest, size },
  ...(annotations === undefined ? {} : { annotations }),
})

/** A published probe with its contents. */
export interface Member {
  readonly published: Published
  readonly contents: Pick<Contents, 'module' | 'signature'>
}

/** A manifest with the blobs that it refers to. */
export interface Made {
  readonly manifest: BlobBytes
  readonly blobs: readonly Blob[]
  /** the manifest's descriptor in an index */
  readonly entry: Descriptor
}

/** A manifest for each member of that shape, in their order, and the index of them; `undefined`: no member has that shape. */
export function imagesOf(
  shape: Shape,
  members: readonly Member[],
): { readonly made: readonly Made[]; readonly index: Made['manifest'] } | undefined {
  const made = members
    .filter(({ published }) => shape === 'probes' || published.probe.kind === 'kmod')
    .map(MAKE[shape])
  if (made.length === 0) return undefined
  const manifests = made.map(({ entry }) => entry)
  return { made, index: documentOf(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests }) }
}

const MAKE: Readonly<Record<Shape, (member: Member) => Made>> = { probes: artifact, modules: image }

/**
 * Three layers: first a packed one, because falcoctl unpacks the first layer; then the published probe and its OpenPGP
 * signature, whose objects exist already. `image` uses the same packed layer.
 */
function artifact(member: Member): Made {
  const { probe, publication } = member.published
  const { contents } = member
  const { objectKey } = publication
  const file = fileOf(probe)
  const layer = { ...layerOf(member).packed, mediaType: ASSET_LAYER }
  const module: Blob = { ...descriptorOf(blobOf(BYTES, contents.module)), object: objectKey }
  const asc: Blob = { ...descriptorOf(blobOf(SIGNATURE, contents.signature)), object: `${objectKey}.asc` }
  const config = documentOf(ASSET_CONFIG, { name: assetName(probe), version: numberOf(probe.kernelRelease) })
  const manifest = manifestOf({
    config: descriptorOf(config),
    layers: [
      descriptorOf(layer, { [TITLE]: `${file}.tar.gz` }),
      descriptorOf(module, { [TITLE]: file }),
      descriptorOf(asc, { [TITLE]: `${file}.asc` }),
    ],
    annotations: annotationsOf(member),
  })
  return { manifest, blobs: [config, layer, module, asc], entry: entryOf(manifest, probe) }
}

/**
 * Each kernel has its own name and version: falcoctl expects a semantic version, and if two artifacts have one name, it takes
 * only the newer one.
 */
const assetName = (probe: Probe): string => `${repositoryOf({ shape: 'probes', ...probe })}/${tagOf(probe)}`
const numberOf = (release: string): string => /^\d+(?:\.\d+){0,2}/.exec(release)?.[0] ?? '0'

/** Format: https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
function image(member: Member): Made {
  const { probe, publication } = member.published
  const { packed, diffId } = layerOf(member)
  const created = timeOf(publication.publishedAt)
  const config = documentOf(CONFIG, {
    created,
    architecture: ARCHITECTURES[probe.arch],
    os: 'linux',
    config: { Labels: annotationsOf(member) },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: `sha256:${publication.sha256}` }],
  })
  const manifest = manifestOf({
    config: descriptorOf(config),
    layers: [descriptorOf(packed)],
    annotations: annotationsOf(member),
  })
  return { manifest, blobs: [config, packed], entry: entryOf(manifest, probe) }
}

const ARCHITECTURES: Readonly<Record<Arch, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

const entryOf = (manifest: Descriptor, probe: Probe): Descriptor => ({
  ...descriptorOf(manifest),
  platform: { architecture: ARCHITECTURES[probe.arch], os: 'linux' },
  annotations: { [TITLE]: fileOf(probe), [KIND]: probe.kind },
})

const annotationsOf = ({ published: { probe, publication } }: Member): Texts => ({
  [TITLE]: fileOf(probe),
  [VERSION]: probe.driverVersion,
  [CREATED]: timeOf(publication.publishedAt),
  [KIND]: probe.kind,
})

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** The compressed layer, and the digest of its tar. */
function layerOf(member: Member): { readonly packed: BlobBytes; readonly diffId: string } {
  const tar = Buffer.concat([...packEntries(filesOf(member))].map((chunk) => Buffer.from(chunk)))
  return { packed: blobOf(LAYER, gzipSync(tar, { level: 9 })), diffId: `sha256:${sha256(tar)}` }
}

/** A module gets modprobe's path below `/opt`, with depmod's index. An eBPF object gets its file name. */
function filesOf({ published: { probe, publication }, contents: { module } }: Member): FolderEntry[] {
  if (probe.kind === 'ebpf') return [file(fileOf(probe), module)]
  const { unameRelease } = publication.provenance
  if (!/^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/.test(unameRelease) || unameRelease.includes('..'))
    throw new ProbeError(
      'misconfigured',
      `${publication.objectKey} is of a kernel whose release cannot be a folder's name`,
    )
  const name = `${probe.driverName}.ko`
  const folders = ['opt', 'lib', 'modules', unameRelease]
  const place = folders.join('/')
  return [
    ...folders.map((_, i) => ({ tag: 'folder', path: folders.slice(0, i + 1).join('/') }) as const),
    file(`${place}/${name}`, module),
    file(`${place}/modules.dep`, modulesDep(name)),
    file(`${place}/modules.dep.bin`, modulesDepBin(probe.driverName, name)),
  ]
}

const file = (path: string, body: Uint8Array): FolderEntry => ({
  ...{ tag: 'file', path, executable: false, bytes: body.length },
  chunks: () => [body],
})
