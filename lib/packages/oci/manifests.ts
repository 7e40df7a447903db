// Probes as artifacts and images, and their indexes: documents that depend on what is published and on nothing else.
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

/** What falcoctl installs as an `asset`, by the first layer, is unpacked; by the config it knows it again. */
const ASSET_CONFIG = 'application/vnd.cncf.falco.asset.config.v1+json'
const ASSET_LAYER = 'application/vnd.cncf.falco.asset.layer.v1+tar.gz'
const BYTES = 'application/octet-stream'
const SIGNATURE = 'application/pgp-signature'

/** Names of the image specification's own annotations, and of the registry's (`.internal` is nobody's). */
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

/** What a registry has by a digest: bytes that are kept for it, or an object that is there already. */
export type Blob = Descriptor & ({ readonly body: Uint8Array } | { readonly object: string })

export const blobOf = (mediaType: string, body: Uint8Array): Blob & { readonly body: Uint8Array } => ({
  mediaType,
  digest: `sha256:${sha256(body)}`,
  size: body.length,
  body,
})

export const documentOf = (mediaType: string, document: object) =>
  blobOf(mediaType, Buffer.from(JSON.stringify(document)))

const descriptorOf = ({ mediaType, digest, size }: Descriptor, annotations?: Texts): Descriptor => ({
  ...{ mediaType, digest, size },
  ...(annotations === undefined ? {} : { annotations }),
})

/** A published probe, and what it holds. */
export interface Member {
  readonly published: Published
  readonly contents: Pick<Contents, 'module' | 'signature'>
}

/** A manifest, and the blobs that it names. */
export interface Made {
  readonly manifest: Blob & { readonly body: Uint8Array }
  readonly blobs: readonly Blob[]
  /** of it, in an index */
  readonly entry: Descriptor
}

/** The shape's manifest of each that has that shape, in their order, and the index over them; `undefined`: there is none. */
export function imagesOf(
  shape: Shape,
  members: readonly Member[],
): { readonly made: readonly Made[]; readonly index: Made['manifest'] } | undefined {
  const made = members
    .filter(({ published }) => shape === 'probes' || published.probe.kind === 'kmod')
    .map(MAKE[shape])
  if (made.length === 0) return undefined
  const index = documentOf(INDEX, {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: made.map(({ entry }) => entry),
  })
  return { made, index }
}

const MAKE: Readonly<Record<Shape, (member: Member) => Made>> = { probes: artifact, modules: image }

/**
 * The probe and its OpenPGP signature as they are published, which cost nothing, behind the layer that falcoctl unpacks: it
 * looks at the first one. The layer is the one of the image below.
 */
function artifact(member: Member): Made {
  const { probe, publication } = member.published
  const { contents } = member
  const { objectKey } = publication
  const file = fileOf(probe)
  const layer = { ...layerOf(member).packed, mediaType: ASSET_LAYER }
  const whole: Blob = { ...descriptorFor(BYTES, contents.module), object: objectKey }
  const signature: Blob = { ...descriptorFor(SIGNATURE, contents.signature), object: `${objectKey}.asc` }
  const config = documentOf(ASSET_CONFIG, { name: assetName(probe), version: numberOf(probe.kernelRelease) })
  const manifest = documentOf(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptorOf(config),
    layers: [
      descriptorOf(layer, { [TITLE]: `${file}.tar.gz` }),
      descriptorOf(whole, { [TITLE]: file }),
      descriptorOf(signature, { [TITLE]: `${file}.asc` }),
    ],
    annotations: annotationsOf(member),
  })
  return { manifest, blobs: [config, layer, whole, signature], entry: entryOf(manifest, probe) }
}

/**
 * falcoctl wants a semantic version, and takes of two artifacts with one name only the newer: so the name is the kernel's own.
 */
const assetName = (probe: Probe): string => `${repositoryOf({ shape: 'probes', ...probe })}/${tagOf(probe)}`
const numberOf = (release: string): string => /^\d+(?:\.\d+){0,2}/.exec(release)?.[0] ?? '0'

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
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
  const manifest = documentOf(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
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

const descriptorFor = (mediaType: string, body: Uint8Array): Descriptor => ({
  mediaType,
  digest: `sha256:${sha256(body)}`,
  size: body.length,
})

/** Packed, and the digest of what it unpacks to. */
function layerOf(member: Member): {
  readonly packed: Blob & { readonly body: Uint8Array }
  readonly diffId: string
} {
  const tar = Buffer.concat([...packEntries(filesOf(member))].map((chunk) => Buffer.from(chunk)))
  return { packed: blobOf(LAYER, gzipSync(tar, { level: 9 })), diffId: `sha256:${sha256(tar)}` }
}

/** A module where modprobe finds it below `/opt`, with the index that depmod would write; an eBPF object by its file's name. */
function filesOf({ published: { probe, publication }, contents: { module } }: Member): FolderEntry[] {
  if (probe.kind === 'ebpf') return [file(fileOf(probe), module)]
  const { unameRelease } = publication.provenance
  if (!/^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/.test(unameRelease) || unameRelease.includes('..'))
    throw new ProbeError(
      'misconfigured',
      `${publication.objectKey} is of a kernel that no folder is named after`,
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
