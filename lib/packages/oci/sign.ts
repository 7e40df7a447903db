// The signature over a manifest, as the manifest that cosign looks for beside it.

import { PAYLOAD, SIGNATURE_ARTIFACT, SIGNED, signedPayload } from '../../signing/cosign.ts'
import { type Blob, blobOf, documentOf } from './manifests.ts'
import { CONFIG, MANIFEST } from './media-types.ts'

/** Makes the signature over bytes. */
export type SignBytes = (body: Uint8Array) => Promise<Uint8Array | undefined>

export interface Signature {
  readonly manifest: Blob & { readonly body: Uint8Array }
  readonly blobs: readonly Blob[]
}

/** By the same key the same bytes; `undefined`: the registry's key makes no such signatures. */
export async function signatureOf(
  signBytes: SignBytes,
  repository: string,
  { mediaType, digest, size }: Blob,
): Promise<Signature | undefined> {
  const payload = blobOf(PAYLOAD, signedPayload(repository, digest))
  const signed = await signBytes(payload.body)
  if (signed === undefined) return undefined
  const signature = Buffer.from(signed).toString('base64')
  // Nobody runs it; tools that read any image want one.
  const config = documentOf(CONFIG, {
    created: NEVER,
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [payload.digest] },
    history: [{ created: NEVER }],
  })
  const described = (blob: Blob) => ({ mediaType: blob.mediaType, digest: blob.digest, size: blob.size })
  const manifest = documentOf(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: SIGNATURE_ARTIFACT,
    config: described(config),
    layers: [{ ...described(payload), annotations: { [SIGNED]: signature } }],
    subject: { mediaType, digest, size },
  })
  return { manifest, blobs: [config, payload] }
}

const NEVER = '0001-01-01T00:00:00Z'
