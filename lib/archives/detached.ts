// Detached OpenPGP signatures over more bytes than can be held: they are hashed as they pass.

import { ReadableStream } from 'node:stream/web'
import {
  createMessage,
  enums,
  type Key,
  PacketList,
  readKey,
  readSignature,
  Signature,
  type SignaturePacket,
  verify,
  type WebStream,
} from 'openpgp'
import * as z from 'zod'
import { ProbeError } from '../model/errors.ts'

export const signingKeySchema = z.object({
  /** hex, of the primary key: no other key is believed, whatever `armored` holds */
  fingerprint: z.string().regex(/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/),
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
  readonly key: Key
  readonly signature: Signature
}

/**
 * ProbeError `mirror-unreachable` for what is no signature, as an error page is none; `signature-invalid` for one by any
 * other key; `misconfigured` for a key that is not that of its fingerprint.
 */
export async function readDetached(
  body: Uint8Array,
  trusted: readonly SigningKey[],
  url: string,
): Promise<Detached> {
  const packets = await packetsOf(body, url)
  const keys = await Promise.all(trusted.map(keyOf))
  const keyFor = (packet: SignaturePacket) => keys.find((key) => key.getKeys(packet.issuerKeyID).length > 0)
  // One of them: each costs a hash over all that passes.
  const packet = packets.find((one) => keyFor(one) !== undefined)
  const key = packet && keyFor(packet)
  if (packet === undefined || key === undefined) {
    const by = packets.map(({ issuerKeyID }) => issuerKeyID.toHex().toUpperCase()).slice(0, 3)
    throw refused(
      url,
      `it is by ${by.join(', ') || 'nobody'}, and the keys that are believed are ${keys.map(nameOf).join(', ')}`,
    )
  }
  // The other types sign texts, keys or nothing.
  if (packet.signatureType !== enums.signature.binary) throw refused(url, 'it is no signature of a file')
  const one = new PacketList<SignaturePacket>()
  one.push(packet)
  const day = packet.created?.toISOString().slice(0, 10) ?? 'no day'
  return { url, made: `of ${day} by ${nameOf(key)}`, key, signature: new Signature(one) }
}

/**
 * What `read` makes of the bytes, which must read them to their end, once the signature holds for them: by its key as that
 * was when it signed. ProbeError `signature-invalid`, and what `read` throws.
 */
export async function throughSignature<T>(
  { url, made, key, signature }: Detached,
  now: number,
  bytes: AsyncIterable<Uint8Array>,
  read: (passing: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const message = await createMessage({ binary: ReadableStream.from(bytes) })
  const verification = { message, signature, verificationKeys: key, date: new Date(now) }
  const { data, signatures } = await verify({ ...verification, format: 'binary' })
  const result = await read(chunksOf(data))
  const [only] = signatures
  if (only === undefined) throw refused(url, 'it holds no signature')
  try {
    await only.verified
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refused(url, `the signature ${made} does not hold: ${why}`, cause)
  }
  return result
}

/** By its reader alone: openpgp has put other bytes behind the methods of this stream, but not behind its iterator. */
async function* chunksOf(stream: WebStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) return
    yield value
  }
}

async function packetsOf(body: Uint8Array, url: string): Promise<readonly SignaturePacket[]> {
  try {
    const { packets } = await readSignature({ armoredSignature: new TextDecoder().decode(body) })
    return packets
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProbeError('mirror-unreachable', `what ${url} answers is no OpenPGP signature: ${why}`, {
      cause,
    })
  }
}

async function keyOf({ fingerprint, armored }: SigningKey): Promise<Key> {
  const key = await readKey({ armoredKey: armored })
  if (key.getFingerprint() === fingerprint.toLowerCase()) return key
  throw new ProbeError(
    'misconfigured',
    `the key that is to be ${fingerprint} is ${key.getFingerprint().toUpperCase()}: it is not believed`,
  )
}

/** Whose key it is by its fingerprint, and what it says of itself. */
const nameOf = (key: Key): string =>
  `${key.getFingerprint().toUpperCase()} (${key.getUserIDs()[0]?.replaceAll(/[^\x20-\x7e]/g, '?') ?? 'no name'})`

const refused = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed: ${why}`, { cause })
