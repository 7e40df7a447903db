// The first key of a file of OpenPGP public keys as PEM: the same numbers, for tools that do not know OpenPGP.

import { readMaterial } from './algorithms.ts'
import { unarmor } from './armor.ts'
import { packetsOf, TAGS } from './packets.ts'
import { readerOf } from './reader.ts'

const VERSION_4 = 4

/** SubjectPublicKeyInfo; `undefined` for a key that is not an RSA key of version 4. ProbeError `signature-invalid` for what is not a key file. */
export function pemOf(file: Uint8Array): string | undefined {
  const [block = new Uint8Array()] = unarmor(file, 'key')
  const packet = packetsOf(block).find(({ tag }) => tag === TAGS.publicKey)
  if (packet === undefined) return undefined
  const reader = readerOf(packet.body)
  // After the version comes the time that it was made at: RFC 9580, section 5.5.2.2.
  if (reader.u8() !== VERSION_4 || reader.u32() < 0) return undefined
  const material = readMaterial(reader.u8(), reader)
  if (material?.key.asymmetricKeyType !== 'rsa') return undefined
  return material.key.export({ type: 'spki', format: 'pem' }).toString()
}
