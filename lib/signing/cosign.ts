// What cosign verifies: a statement of which image was signed, and the signature over it, as a manifest of its own.
// https://github.com/sigstore/cosign/blob/v2.4.1/specs/SIGNATURE_SPEC.md

const TYPE = 'cosign container image signature'

/** The tag of what signs a digest (`sha256:...`). */
export const signatureTag = (digest: string): string => `${digest.replace(':', '-')}.sig`

/** The digest that such a tag is of; `undefined`: it is another. */
export const signedBy = (tag: string): string | undefined => {
  const [, hex] = /^sha256-([0-9a-f]{64})\.sig$/.exec(tag) ?? []
  return hex === undefined ? undefined : `sha256:${hex}`
}

/** `repository`: without a host, which is another wherever the image is copied to. */
export const signedPayload = (repository: string, digest: string): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': repository },
        image: { 'docker-manifest-digest': digest },
        type: TYPE,
      },
      optional: null,
    }),
  )

/** Media type of the payload, and the annotation of its layer that holds the signature, in base64. */
export const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const SIGNED = 'dev.cosignproject.cosign/signature'
/** By which a signature is found among what refers to an image. */
export const SIGNATURE_ARTIFACT = 'application/vnd.dev.cosign.artifact.sig.v1+json'
