// Generates the registry's OpenPGP signing key, in a format that gpg 2.2 and rpm support.

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

/**
 * The key has no passphrase, because the passphrase would be in the same secret store, for the same reader. It does not expire,
 * because its signatures must verify for as long as hosts keep probes.
 */
export async function generateSigningKey(
  user: { name: string; email: string },
  now: Clock,
): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKey({
    // RSA, because rpm refuses NIST curves and gpg 2.2 refuses the newer key versions.
    type: 'rsa',
    rsaBits: 4096,
    userIDs: [user],
    date: new Date(now()),
    // No encryption subkey: this key only signs.
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
