// Splits bytes into OpenPGP packets of keys and signatures (RFC 9580, section 4.2), with headers of the old and the new form.

import { ProbeError } from '../../model/errors.ts'
import { type Reader, readerOf } from './reader.ts'

export interface Packet {
  readonly tag: number
  readonly body: Uint8Array
}

/** The packet types (RFC 9580, section 5) that the registry reads. */
export const TAGS = {
  signature: 2,
  publicKey: 6,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
} as const

/** @throws {ProbeError} `signature-invalid`: the bytes are not packets. */
export function packetsOf(bytes: Uint8Array): Packet[] {
  const reader = readerOf(bytes)
  const packets: Packet[] = []
  while (reader.left() > 0) packets.push(packet(reader))
  return packets
}

function packet(reader: Reader): Packet {
  const first = reader.u8()
  if ((first & 0x80) === 0) throw notOpenPgp('a packet does not begin as one')
  return (first & 0x40) === 0 ? oldPacket(reader, first) : newPacket(reader, first)
}

function oldPacket(reader: Reader, first: number): Packet {
  const length = [reader.u8, reader.u16, reader.u32][first & 3]
  if (length === undefined) throw notOpenPgp('a packet has no length')
  return { tag: (first >> 2) & 15, body: reader.bytes(length()) }
}

function newPacket(reader: Reader, first: number): Packet {
  const length = reader.u8()
  // Only packets of data may have partial lengths.
  if (length >= 224 && length < 255) throw notOpenPgp('a packet comes in parts')
  return { tag: first & 63, body: reader.bytes(restOfLength(reader, length)) }
}

/** Reads the rest of a length of one, two or five octets. `first`: the first octet. RFC 9580, sections 4.2.1 and 5.2.3.7. */
export function restOfLength(reader: Reader, first: number): number {
  if (first < 192) return first
  return first < 255 ? (first - 192) * 256 + reader.u8() + 192 : reader.u32()
}

export const notOpenPgp = (why: string): ProbeError =>
  new ProbeError('signature-invalid', `these are not OpenPGP packets: ${why}`)
