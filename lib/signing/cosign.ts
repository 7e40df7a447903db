// Formats cosign's signatures: a payload that names the signed image, and a signature of it, in a manifest of its own.
// https://github.com/sigstore/cosign/blob/v2.4.1/specs/SIGNATURE_SPEC.md

const TYPE = 'cosign container image signature'

/** The tag under which cosign looks for the signature of a digest (`sha256:...`). */
export const signatureTag = (digest: string): string => `${digest.replace(':', '-')}.sig`

/** The digest that the signature with this tag covers; `undefined`: the tag is not a signature's. */
export const signedBy = (tag: string): string | undefined => {
  const [, hex] = /^sha256-([0-9a-f]{64})\.sig$/.exec(tag) ?? []
  return hex === undefined ? undefined : `sha256:${hex}`
}

/** `repository`: without a host, because a copied image has a different one. */
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

/** Media type of the payload, and the annotation with its signature in base64. */
export const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const SIGNED = 'dev.cosignproject.cosign/signature'
/** Artifact type by which an image's referrers include its signature. */
export const SIGNATURE_ARTIFACT = 'application/vnd.dev.cosign.artifact.sig.v1+json'
