// Converts the first key in a file of OpenPGP public keys to PEM, for tools without OpenPGP. The key's numbers stay the same.

import { readMaterial } from './algorithms.ts'
import { unarmor } from './armor.ts'
import { packetsOf, TAGS } from './packets.ts'
import { readerOf } from './reader.ts'

/**
 * PEM of a SubjectPublicKeyInfo; `undefined`: it is not an RSA key of version 4.
 * @throws {ProbeError} `signature-invalid`: it is not a key file.
 */
export function pemOf(file: Uint8Array): string | undefined {
  const [block = new Uint8Array()] = unarmor(file, 'key')
  const packet = packetsOf(block).find(({ tag }) => tag === TAGS.publicKey)
  if (packet === undefined) return undefined
  const reader = readerOf(packet.body)
  // The time of creation follows the version, and is skipped: RFC 9580, section 5.5.2.2.
  if (reader.u8() !== 4 || reader.u32() < 0) return undefined
  const material = readMaterial(reader.u8(), reader)
  if (material?.key.asymmetricKeyType !== 'rsa') return undefined
  return material.key.export({ type: 'spki', format: 'pem' }).toString()
}
