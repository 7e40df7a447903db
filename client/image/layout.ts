// Builds a multi-architecture OCI image layout; the same layers and settings always give the same bytes.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md

import { gzipSync } from 'node:zlib'
import { packEntries } from '../../lib/formats/tar-pack.ts'
import { sha256 } from '../../lib/model/digest.ts'
import type { FolderEntry } from '../../lib/model/ports.ts'

/** Architecture in OCI's words; `os` is always Linux. */
export type Platform = 'amd64' | 'arm64'

type Texts = Readonly<Record<string, string>>

export interface Layer {
  /** readable origin of the layer */
  readonly about: string
  /** sha256 of the tar archive */
  readonly diffId: string
  /** the archive, compressed by gzip */
  readonly body: Uint8Array
}

/** `entries`: each folder before its contents, no path twice. Times are zero, and root owns all files. */
export function layerOf(about: string, entries: readonly FolderEntry[]): Layer {
  const tar = tarOf(entries)
  // Node includes its own zlib, so x64 and arm64 write the same bytes.
  return { about, diffId: sha256(tar), body: gzipSync(tar, { level: 9 }) }
}

/** Copies each chunk, because the next chunk reuses the same memory. */
export const tarOf = (entries: readonly FolderEntry[]): Uint8Array =>
  Buffer.concat(Array.from(packEntries(entries), (chunk) => Buffer.from(chunk)))

export interface Image {
  readonly platform: Platform
  /** from the lowest to the highest */
  readonly layers: readonly Layer[]
  readonly env: Texts
  readonly entrypoint: readonly string[]
  readonly labels: Texts
  /** RFC 3339; absent: the image has no creation time */
  readonly created?: string
}

export interface Layout {
  /** by path: `oci-layout`, `index.json`, `blobs/sha256/...` */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** sha256 of the index of all architectures */
  readonly digest: string
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: Platform; readonly os: 'linux' }
  readonly annotations?: Texts
}

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}
const REF_NAME = 'org.opencontainers.image.ref.name'

/**
 * The index of all images has the tag `tag`. Each image also has the tag `{tag}-{platform}`, for readers that
 * cannot choose from an index. `annotations`: of the index.
 */
export function layoutOf(tag: string, images: readonly Image[], annotations: Texts): Layout {
  const files = new Map<string, Uint8Array>()
  const blob = (mediaType: string, body: Uint8Array): Descriptor => {
    const digest = sha256(body)
    files.set(`blobs/sha256/${digest}`, body)
    return { mediaType, digest: `sha256:${digest}`, size: body.length }
  }
  const manifests = images.map((image) => manifestOf(blob, image))
  const all = { schemaVersion: 2, mediaType: TYPES.index, manifests, annotations }
  const index = blob(TYPES.index, json(all))
  const named = [
    { ...index, annotations: { [REF_NAME]: tag } },
    ...manifests.map((one) => ({
      ...one,
      annotations: { [REF_NAME]: `${tag}-${one.platform?.architecture}` },
    })),
  ]
  files.set('oci-layout', json({ imageLayoutVersion: '1.0.0' }))
  files.set('index.json', json({ schemaVersion: 2, mediaType: TYPES.index, manifests: named }))
  return { files, digest: index.digest.replace('sha256:', '') }
}

function manifestOf(blob: (mediaType: string, body: Uint8Array) => Descriptor, image: Image): Descriptor {
  const { platform, layers, labels } = image
  const manifest = {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: blob(TYPES.config, json(configOf(image))),
    layers: layers.map(({ body }) => blob(TYPES.layer, body)),
    annotations: labels,
  }
  return {
    ...blob(TYPES.manifest, json(manifest)),
    platform: { architecture: platform, os: 'linux' },
  }
}

const configOf = ({ platform, layers, env, entrypoint, labels, created }: Image) => ({
  ...(created === undefined ? {} : { created }),
  architecture: platform,
  os: 'linux',
  config: {
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Entrypoint: entrypoint,
    WorkingDir: '/',
    Labels: labels,
  },
  rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
  history: layers.map(({ about }) => ({
    ...(created === undefined ? {} : { created }),
    created_by: about,
  })),
})

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
