// Reads signature packets of versions 3 and 4 (RFC 9580, section 5.2). More than half of the signed packages that distributions
// serve have a signature of version 3.

import { words } from '../words.ts'
import { readNumbers } from './algorithms.ts'
import { unarmor } from './armor.ts'
import { type Packet, packetsOf, restOfLength, TAGS } from './packets.ts'
import { type Reader, readerOf } from './reader.ts'

/** RFC 9580, section 5.2.1. */
export const TYPES = {
  binary: 0x00,
  text: 0x01,
  certification: [0x10, 0x11, 0x12, 0x13],
  subkeyBinding: 0x18,
  primaryBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const

/** Fields from the hashed part of a signature. Times are in seconds since 1970. */
interface Said {
  readonly created: number
  /** time when the signature expires; absent: never */
  readonly ends?: number
  /** lifetime of the key, in seconds from its creation */
  readonly keySeconds?: number
  /** flags of a key: the bit with value 2 is "may sign data" (RFC 9580, section 5.2.3.29) */
  readonly flags?: number
  /** why a key was revoked: RFC 9580, section 5.2.3.31 */
  readonly reason?: number
}

export interface Signature extends Said {
  readonly version: 3 | 4
  readonly type: number
  readonly algorithm: number
  readonly hash: number
  /** hex, upper case: 16 digits, or the fingerprint if the signature contains it. Only a hint, because it may be unsigned */
  readonly issuer: string | undefined
  /** notations in the hashed part: RFC 9580, section 5.2.3.24 */
  readonly notations: readonly { readonly name: string; readonly value: string }[]
  /** signatures of a subkey over its primary key */
  readonly embedded: readonly Signature[]
  /** it has an unknown critical part, so it must not be trusted */
  readonly unknownCritical: boolean
  /** bytes that are hashed after the data */
  readonly trailer: Uint8Array
  readonly numbers: readonly Uint8Array[]
}

/**
 * The signatures in packets. Skips unsupported versions and algorithms.
 * @throws {ProbeError} `signature-invalid`: a packet is cut off.
 */
export const signaturesOf = (bytes: Uint8Array): Signature[] =>
  packetsOf(bytes)
    .map(readSignature)
    .filter((signature) => signature !== undefined)

/** The signatures in a signature file, armored or not. @throws {ProbeError} as `signaturesOf` and `unarmor`. */
export const readSignatures = (file: Uint8Array): Signature[] =>
  unarmor(file, 'signature').flatMap(signaturesOf)

/** @throws {ProbeError} `signature-invalid`: the packet is cut off. */
export function readSignature({ tag, body }: Packet): Signature | undefined {
  if (tag !== TAGS.signature) return undefined
  const reader = readerOf(body)
  switch (reader.u8()) {
    case 3:
      return version3(reader)
    case 4:
      return version4(reader, body)
    default:
      return undefined
  }
}

function version3(reader: Reader): Signature | undefined {
  if (reader.u8() !== 5) return undefined
  const trailer = reader.bytes(5)
  const [type, created] = [trailer[0]!, readerOf(trailer.subarray(1)).u32()]
  const issuer = hex(reader.bytes(8))
  const [algorithm, hash] = [reader.u8(), reader.u8()]
  reader.u16()
  const numbers = readNumbers(algorithm, reader)
  const known = { version: 3 as const, notations: [], embedded: [], unknownCritical: false }
  return numbers && { ...known, type, created, algorithm, hash, issuer, trailer, numbers }
}

function version4(reader: Reader, body: Uint8Array): Signature | undefined {
  const [type, algorithm, hash] = [reader.u8(), reader.u8(), reader.u8()]
  const hashed = subpacketsOf(reader.bytes(reader.u16()))
  const end = body.length - reader.left()
  const unhashed = subpacketsOf(reader.bytes(reader.u16()))
  reader.u16()
  const numbers = readNumbers(algorithm, reader)
  if (numbers === undefined) return undefined
  return {
    version: 4,
    ...{ type, algorithm, hash, numbers },
    ...saidIn(hashed),
    issuer: issuerIn([...hashed, ...unhashed]),
    notations: hashed.flatMap(notationIn),
    embedded: [...hashed, ...unhashed].flatMap(embeddedIn),
    unknownCritical: hashed.some(({ critical, type }) => critical && !KNOWN.has(type)),
    trailer: Buffer.concat([body.subarray(0, end), Buffer.of(4, 0xff), words(end)]),
  }
}

interface Subpacket {
  readonly type: number
  readonly critical: boolean
  readonly body: Uint8Array
}

function subpacketsOf(bytes: Uint8Array): Subpacket[] {
  const reader = readerOf(bytes)
  const subpackets: Subpacket[] = []
  while (reader.left() > 0) {
    const inside = readerOf(reader.bytes(restOfLength(reader, reader.u8())))
    const type = inside.u8()
    subpackets.push({ type: type & 0x7f, critical: (type & 0x80) !== 0, body: inside.rest() })
  }
  return subpackets
}

/** Types of subpackets in RFC 9580, section 5.2.3.7. A critical one of any other type makes a signature untrusted. */
const KNOWN = new Set([
  2, 3, 4, 5, 6, 7, 9, 11, 16, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
])

function saidIn(hashed: readonly Subpacket[]): Said {
  const number = (type: number): number | undefined => {
    const found = hashed.find((one) => one.type === type)
    return found && readerOf(found.body).u32()
  }
  const byte = (type: number): number | undefined => hashed.find((one) => one.type === type)?.body[0]
  const [created = 0, seconds = 0, keySeconds = 0] = [number(2), number(3), number(9)]
  const [flags, reason] = [byte(27), byte(29)]
  return {
    created,
    ...(seconds === 0 ? {} : { ends: created + seconds }),
    ...(keySeconds === 0 ? {} : { keySeconds }),
    ...(flags === undefined ? {} : { flags }),
    ...(reason === undefined ? {} : { reason }),
  }
}

function issuerIn(subpackets: readonly Subpacket[]): string | undefined {
  const fingerprint = subpackets.find(({ type, body }) => type === 33 && body[0] === 4)
  const id = subpackets.find(({ type }) => type === 16)
  const [long, short] = [fingerprint && hex(fingerprint.body.subarray(1)), id && hex(id.body)]
  // If the fingerprint and the id belong to different keys, the fingerprint is ignored.
  return long === undefined || (short !== undefined && !long.endsWith(short)) ? short : long
}

function notationIn({ type, body }: Subpacket): Signature['notations'] {
  if (type !== 20) return []
  const reader = readerOf(body)
  reader.u32()
  const [nameLength, valueLength] = [reader.u16(), reader.u16()]
  const text = (length: number): string => Buffer.from(reader.bytes(length)).toString('utf8')
  return [{ name: text(nameLength), value: text(valueLength) }]
}

function embeddedIn({ type, body }: Subpacket): Signature[] {
  if (type !== 32) return []
  const signature = readSignature({ tag: TAGS.signature, body })
  return signature === undefined ? [] : [signature]
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
