// OpenPGP: the registry's own signing key, which gpg 2.2 and rpm know how to use.

import { generateKey } from 'openpgp'
import type { Clock } from '../model/ports.ts'

export interface SigningKey {
  /** armored */
  readonly privateKey: string
  /** armored */
  readonly publicKey: string
  /** hex */
  readonly fingerprint: string
}

/** RSA because rpm refuses NIST curves and gpg 2.2 the newer key versions. */
const RSA_BITS = 4096

/**
 * Without a passphrase: it would have to be kept in the same secret store, for the same reader.
 * The key does not expire: what it signed must verify for as long as hosts keep it.
 */
export async function generateSigningKey(
  user: { name: string; email: string },
  now: Clock,
): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKey({
    type: 'rsa',
    rsaBits: RSA_BITS,
    userIDs: [user],
    date: new Date(now()),
    // No encryption subkey: this key signs and does nothing else.
    subkeys: [],
    format: 'object',
    config: { v6Keys: false, aeadProtect: false },
  })
  return {
    privateKey: privateKey.armor(),
    publicKey: publicKey.armor(),
    fingerprint: privateKey.getFingerprint(),
  }
}
