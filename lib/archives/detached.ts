// Detached OpenPGP signatures over more bytes than can be held: they are hashed as they pass.

import * as z from 'zod'
import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { readSignatures, type Signature, TYPES } from '../formats/openpgp/signature.ts'
import { checking } from '../formats/openpgp/verify.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import { notBelieved } from './trust.ts'

export const signingKeySchema = z.object({
  /** hex, of the primary key: no other key is believed, whatever `armored` holds */
  fingerprint: z.string().regex(/^[0-9A-Fa-f]{40}$/),
  /** the public key, as `gpg --armor --export` writes it */
  armored: z.string(),
})
export type SigningKey = z.infer<typeof signingKeySchema>

/** A signature that says it is by one of the keys that are believed; nothing of it is checked yet. */
export interface Detached {
  /** for messages: where it was read */
  readonly url: string
  /** for messages: of which day it is, and whose */
  readonly made: string
  readonly certificate: Certificate
  readonly signature: Signature
}

/**
 * @throws {ProbeError} `mirror-unreachable` for what is not a signature, such as an error page; `signature-invalid` for one
 * by any other key; `misconfigured` for a key that is not that of its fingerprint.
 */
export function readDetached(body: Uint8Array, trusted: readonly SigningKey[], url: string): Detached {
  const signatures = signaturesIn(body, url)
  const certificates = trusted.map(certificateOf)
  const pairs = signatures.flatMap((signature) =>
    certificates.map((certificate) => ({ signature, certificate })),
  )
  // One of them: each costs a hash over all that passes.
  const found = pairs.find(({ signature, certificate }) => isOf(signature, certificate))
  if (found === undefined) {
    const by = signatures.map(({ issuer }) => issuer?.slice(-16) ?? 'nobody').slice(0, 3)
    throw notBelieved(
      url,
      `it is by ${by.join(', ') || 'nobody'}, and the keys that are believed are ${certificates.map(nameOf).join(', ')}`,
    )
  }
  // The other types sign texts, keys or nothing.
  if (found.signature.type !== TYPES.binary) throw notBelieved(url, 'it is not the signature of a file')
  const day = new Date(found.signature.created * 1000).toISOString().slice(0, 10)
  return { url, made: `of ${day} by ${nameOf(found.certificate)}`, ...found }
}

const isOf = ({ issuer }: Signature, { keys }: Certificate): boolean =>
  issuer !== undefined && keys.some(({ fingerprint }) => fingerprint.endsWith(issuer))

/**
 * What `read` makes of the bytes, which must read them to their end, once the signature holds for them: by its key as that
 * was when it signed.
 * @throws {ProbeError} `signature-invalid`, and what `read` throws.
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

/** The same of an OpenPGP signature file at `url`. ProbeError `mirror-unreachable` for what is none, such as an error page. */
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

/** Its fingerprint and user id. */
const nameOf = ({ fingerprint, userIds: [name = 'no name'] }: Certificate): string =>
  `${fingerprint} (${printable(name, 200)})`
