// Verifies detached OpenPGP signatures over streams that are too large for memory.

import * as z from 'zod'
import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { readSignatures, type Signature, TYPES } from '../formats/openpgp/signature.ts'
import { checking } from '../formats/openpgp/verify.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import { notBelieved } from './trust.ts'

export const signingKeySchema = z.object({
  /** hex, of the primary key: only this key is trusted, whatever else `armored` contains */
  fingerprint: z.string().regex(/^[0-9A-Fa-f]{40}$/),
  /** the public key, as `gpg --armor --export` writes it */
  armored: z.string(),
})
export type SigningKey = z.infer<typeof signingKeySchema>

/** A signature that claims to be from one of the trusted keys; it is not verified yet. */
export interface Detached {
  /** for messages: where the signature was read */
  readonly url: string
  /** for messages: the signature's date and key */
  readonly made: string
  readonly certificate: Certificate
  readonly signature: Signature
}

/**
 * Parses a signature and finds its key. Does not verify it yet.
 * @throws {ProbeError} `mirror-unreachable` if the body is not a signature, such as an error page;
 * `signature-invalid` if no trusted key made it; `misconfigured` if a trusted key does not have its
 * fingerprint.
 */
export function readDetached(body: Uint8Array, trusted: readonly SigningKey[], url: string): Detached {
  const signatures = signaturesIn(body, url)
  const certificates = trusted.map(certificateOf)
  const pairs = signatures.flatMap((signature) =>
    certificates.map((certificate) => ({ signature, certificate })),
  )
  // Only one is verified, because each costs a hash over the complete stream.
  const found = pairs.find(({ signature, certificate }) => isOf(signature, certificate))
  if (found === undefined) {
    const by = signatures.map(({ issuer }) => issuer?.slice(-16) ?? 'nobody').slice(0, 3)
    throw notBelieved(
      url,
      `it is by ${by.join(', ') || 'nobody'}, and the keys that are believed are ${certificates.map(nameOf).join(', ')}`,
    )
  }
  // Signatures of other types sign texts, keys or nothing.
  if (found.signature.type !== TYPES.binary) throw notBelieved(url, 'it is not the signature of a file')
  const day = new Date(found.signature.created * 1000).toISOString().slice(0, 10)
  return { url, made: `of ${day} by ${nameOf(found.certificate)}`, ...found }
}

const isOf = ({ issuer }: Signature, { keys }: Certificate): boolean =>
  issuer !== undefined && keys.some(({ fingerprint }) => fingerprint.endsWith(issuer))

/**
 * Passes the bytes to `read`, which must read them to their end, and returns its result if the signature is
 * valid. The key may have expired after it made the signature.
 * @throws {ProbeError} `signature-invalid`, and the errors of `read`.
 */
export async function throughSignature<T>(
  { url, made, certificate, signature }: Detached,
  now: number,
  bytes: AsyncIterable<Uint8Array>,
  read: (passing: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { update, end } = checking([signature], { certificates: [certificate], now, strict: true })
  async function* passing(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      update(chunk)
      yield chunk
    }
  }
  const result = await read(passing())
  const said = end()
  if (said.tag === 'refused') throw notBelieved(url, `the signature ${made} does not hold: ${said.why}`)
  return result
}

/**
 * Parses an OpenPGP signature file that was read from `url`.
 * @throws {ProbeError} `mirror-unreachable` if the body is not a signature, such as an error page.
 */
export function signaturesIn(body: Uint8Array, url: string): readonly Signature[] {
  try {
    return readSignatures(body)
  } catch (cause) {
    if (!isProbeError(cause, 'signature-invalid')) throw cause
    throw new ProbeError(
      'mirror-unreachable',
      `${url} does not answer with an OpenPGP signature: ${cause.message}`,
      { cause },
    )
  }
}

function certificateOf({ fingerprint, armored }: SigningKey): Certificate {
  const [certificate] = readCertificates(new TextEncoder().encode(armored))
  if (certificate?.fingerprint === fingerprint.toUpperCase()) return certificate
  throw new ProbeError(
    'misconfigured',
    `the key that is to be ${fingerprint} is ${certificate?.fingerprint ?? 'not of a supported kind'}: it is not believed`,
  )
}

const nameOf = ({ fingerprint, userIds: [name = 'no name'] }: Certificate): string =>
  `${fingerprint} (${printable(name, 200)})`
