// Signs a manifest. The signature is itself a manifest, which cosign finds by its tag.

import type { Signer } from '../../model/ports.ts'
import { PAYLOAD, SIGNATURE_ARTIFACT, SIGNED, signedPayload } from '../../signing/cosign.ts'
import { type Blob, type BlobBytes, blobOf, descriptorOf, documentOf, manifestOf } from './manifests.ts'
import { CONFIG } from './media-types.ts'

interface Signature {
  readonly manifest: BlobBytes
  readonly blobs: readonly Blob[]
}

/** Deterministic for each key; `undefined`: the registry's key cannot sign in cosign's format. */
export async function signatureOf(
  signPlain: Signer['signPlain'],
  repository: string,
  signed: Blob,
): Promise<Signature | undefined> {
  const payload = blobOf(PAYLOAD, signedPayload(repository, signed.digest))
  const bytes = await signPlain(payload.body)
  if (bytes === undefined) return undefined
  const signature = Buffer.from(bytes).toString('base64')
  // Nobody runs this image, but generic tools expect a config.
  const config = documentOf(CONFIG, {
    created: NEVER,
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [payload.digest] },
    history: [{ created: NEVER }],
  })
  const manifest = manifestOf({
    artifactType: SIGNATURE_ARTIFACT,
    config: descriptorOf(config),
    layers: [descriptorOf(payload, { [SIGNED]: signature })],
    subject: descriptorOf(signed),
  })
  return { manifest, blobs: [config, payload] }
}

const NEVER = '0001-01-01T00:00:00Z'
