// Reads a file of public keys (RFC 9580, section 10.1): each certificate, and its keys that may sign data, with their expiry.
// The caller trusts the file, but the keys' statements about themselves are verified nevertheless.

import { createHash } from 'node:crypto'
import { isProbeError } from '../../model/errors.ts'
import { words } from '../words.ts'
import { checkBy, type Material, readMaterial } from './algorithms.ts'
import { unarmor } from './armor.ts'
import { type Packet, packetsOf, TAGS } from './packets.ts'
import { type Reader, readerOf } from './reader.ts'
import { hex, readSignature, type Signature, TYPES } from './signature.ts'

/** A key that may sign data. Times in seconds since 1970. */
export interface SigningKey {
  /** hex, upper case, 40 digits */
  readonly fingerprint: string
  readonly material: Material
  readonly created: number
  /** the key's own end or its certificate's, whichever comes first; `undefined`: neither has an end */
  readonly ends: number | undefined
  /** time of the revocation; 0: somebody else may have used the key at any time */
  readonly revoked: number | undefined
}

export interface Certificate {
  /** fingerprint of the primary key */
  readonly fingerprint: string
  /** the primary key, which certifies the other keys */
  readonly material: Material
  /** for messages only */
  readonly userIds: readonly string[]
  readonly keys: readonly SigningKey[]
}

/** Keys that may still sign, but expire within `days` after `now`. `now`: milliseconds since 1970. */
export const endingWithin = (days: number, certificates: readonly Certificate[], now: number) =>
  certificates
    .flatMap(({ keys }) => keys)
    .flatMap(({ fingerprint, ends = 0 }) =>
      ends * 1000 > now && ends * 1000 < now + days * DAY ? [{ fingerprint, ends }] : [],
    )

const DAY = 24 * 3_600_000

/**
 * All certificates, in the order of the file. Skips unsupported versions and algorithms, and keys that may not sign.
 * @throws {ProbeError} `signature-invalid`: it is not a key file.
 */
export function readCertificates(file: Uint8Array): Certificate[] {
  return unarmor(file, 'key').flatMap(certificatesOf)
}

/** A key, user id or subkey, and the signatures that follow it in the file. */
interface Part {
  readonly packet: Packet
  readonly signatures: Signature[]
}

function certificatesOf(block: Uint8Array): Certificate[] {
  const certificates: Part[][] = []
  for (const packet of packetsOf(block)) {
    if (packet.tag === TAGS.publicKey) certificates.push([])
    const signature = packet.tag === TAGS.signature ? signatureIn(packet) : undefined
    if (signature !== undefined) certificates.at(-1)?.at(-1)?.signatures.push(signature)
    else if (packet.tag !== TAGS.signature) certificates.at(-1)?.push({ packet, signatures: [] })
  }
  return certificates.map(certificateOf).filter((certificate) => certificate !== undefined)
}

/** `undefined`: the signature has an unknown form, so it has no effect. */
function signatureIn(packet: Packet): Signature | undefined {
  try {
    return readSignature(packet)
  } catch (error) {
    if (isProbeError(error, 'signature-invalid')) return undefined
    throw error
  }
}

interface PublicKey {
  readonly fingerprint: string
  readonly created: number
  readonly material: Material | undefined
  /** the bytes that signatures over this key hash: section 5.2.4 */
  readonly hashed: Uint8Array
}

function publicKey({ body }: Packet): PublicKey | undefined {
  const reader = readerOf(body)
  if (reader.u8() !== 4) return undefined
  const created = reader.u32()
  const hashed = Buffer.concat([Buffer.of(0x99, body.length >> 8, body.length & 255), body])
  const fingerprint = hex(createHash('sha1').update(hashed).digest())
  return { fingerprint, created, hashed, material: materialIn(reader) }
}

/** `undefined`: its numbers are not a valid key, so it cannot verify anything. */
function materialIn(reader: Reader): Material | undefined {
  try {
    return readMaterial(reader.u8(), reader)
  } catch {
    return undefined
  }
}

function certificateOf([first, ...parts]: readonly Part[]): Certificate | undefined {
  const primary = first && publicKey(first.packet)
  if (first === undefined || primary?.material === undefined) return undefined
  const { fingerprint, material, created } = primary
  const said = saidOfItself(primary, first, parts)
  const userIds = parts
    .filter(({ packet }) => packet.tag === TAGS.userId)
    .map(({ packet }) => new TextDecoder().decode(packet.body))
  // A key without user ids makes no statements about itself. A key with user ids must have signed them.
  if (userIds.length > 0 && said === undefined) return undefined
  const ends = endOf(primary, said)
  const revoked = revokedBy(primary, first.signatures, TYPES.keyRevocation, [primary.hashed])
  const itself: SigningKey[] =
    said?.flags === undefined || maySign(said) ? [{ fingerprint, material, created, ends, revoked }] : []
  const subkeys = parts
    .filter(({ packet }) => packet.tag === TAGS.publicSubkey)
    .flatMap((part) => signingSubkey(primary, part))
  const keys = [...itself, ...subkeys.map((key) => within(key, ends, revoked))]
  return { fingerprint, material, userIds, keys }
}

/** From the newest signature over the key itself and the newest over one of its names: the newer one counts. */
function saidOfItself(primary: PublicKey, first: Part, parts: readonly Part[]): KeySaid | undefined {
  const direct = first.signatures.filter(
    (signature) => signature.type === TYPES.directKey && says(primary, signature, [primary.hashed]),
  )
  const named = parts
    .filter(({ packet: { tag } }) => tag === TAGS.userId || tag === TAGS.userAttribute)
    .flatMap((part) => saidWithName(primary, part))
  const newest = [newestOf(direct), newestOf(named)].filter((one) => one !== undefined)
  // One of them may lack a statement that the other has, for example in Debian's keys. A signature has no member for it then.
  const [older, newer] = newest.toSorted((a, b) => a.created - b.created)
  return older && { ...older, ...newer }
}

/** Skips signatures that the primary key revoked later. */
function saidWithName(primary: PublicKey, { packet, signatures }: Part): Signature[] {
  const own = signatures.filter((signature) =>
    says(primary, signature, [primary.hashed, ...nameHashed(packet, signature)]),
  )
  const takenBack = newestOf(own.filter(({ type }) => type === TYPES.certificationRevocation))
  return own.filter(
    ({ type, created }) =>
      TYPES.certification.some((one) => one === type) && created > (takenBack?.created ?? -1),
  )
}

/** Accepts only signatures that do not expire. A key's end is in its own field, not in the end of a signature over it. */
const says = (primary: PublicKey, signature: Signature, hashed: readonly Uint8Array[]): boolean =>
  signature.ends === undefined && isBy(primary, signature, hashed)

type KeySaid = Pick<Signature, 'keySeconds' | 'flags'>

/** Section 5.2.4: a signature of version 3 hashes the name without a header. */
function nameHashed({ tag, body }: Packet, { version }: Signature): Uint8Array[] {
  if (version === 3) return [body]
  return [Buffer.of(tag === TAGS.userId ? 0xb4 : 0xd1), words(body.length), body]
}

/** A subkey may sign data only if it has itself signed that it belongs to this certificate: section 10.1.5. */
function signingSubkey(primary: PublicKey, { packet, signatures }: Part): SigningKey[] {
  const key = publicKey(packet)
  if (key?.material === undefined) return []
  const hashed = [primary.hashed, key.hashed]
  const binding = newestOf(
    signatures.filter((one) => one.type === TYPES.subkeyBinding && says(primary, one, hashed)),
  )
  const back = binding?.embedded.some((one) => one.type === TYPES.primaryBinding && isBy(key, one, hashed))
  if (binding === undefined || back !== true || !maySign(binding)) return []
  const revoked = revokedBy(primary, signatures, TYPES.subkeyRevocation, hashed)
  const { fingerprint, material, created } = key
  return [{ fingerprint, material, created, ends: endOf(key, binding), revoked }]
}

const maySign = ({ flags }: KeySaid): boolean => ((flags ?? 0) & 2) !== 0

const newestOf = (signatures: readonly Signature[]): Signature | undefined =>
  signatures.toSorted((a, b) => b.created - a.created)[0]

const endOf = ({ created }: PublicKey, said: KeySaid | undefined): number | undefined =>
  said?.keySeconds === undefined ? undefined : created + said.keySeconds

/** A subkey expires when its certificate expires, and is revoked when its certificate is revoked. */
const within = (key: SigningKey, ends: number | undefined, revoked: number | undefined): SigningKey => ({
  ...key,
  ends: earlier(key.ends, ends),
  revoked: earlier(key.revoked, revoked),
})

const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)

/** Superseded and retired: section 5.2.3.31. Signatures from before such a revocation stay valid. */
const SOFT_REASONS = [1, 3]

function revokedBy(
  primary: PublicKey,
  signatures: readonly Signature[],
  type: number,
  hashed: readonly Uint8Array[],
): number | undefined {
  const revocations = signatures.filter((one) => one.type === type && isBy(primary, one, hashed))
  if (revocations.length === 0) return undefined
  return Math.min(
    ...revocations.map(({ reason, created }) => (SOFT_REASONS.includes(reason ?? 0) ? created : 0)),
  )
}

function isBy({ material }: PublicKey, signature: Signature, hashed: readonly Uint8Array[]): boolean {
  const check = material && !signature.unknownCritical ? checkBy(material, signature) : undefined
  for (const piece of [...hashed, signature.trailer]) check?.update(piece)
  return check?.holds() === true
}
