// OpenPGP: the registry's own signing key, and signatures that gpg 2.2 and rpm verify.

import { createMessage, enums, generateKey, readPrivateKey, sign } from 'openpgp'
import type { Clock, Signer } from '../model/ports.ts'
import { NOTATION } from './signed-name.ts'

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

/**
 * Detached binary signatures, SHA-512. `privateKey` is asked for at every signature and kept by nobody: a key
 * that was replaced signs nothing more.
 */
export function createSigner(privateKey: () => Promise<string>, now: Clock): Signer {
  return {
    async sign(body, name) {
      return sign({
        message: await createMessage({ binary: body }),
        signingKeys: await readPrivateKey({ armoredKey: await privateKey() }),
        detached: true,
        // Not critical: who does not know it may verify the bytes alone.
        signatureNotations: [
          {
            name: NOTATION,
            value: new TextEncoder().encode(name),
            humanReadable: true,
            critical: false,
          },
        ],
        date: new Date(now()),
        format: 'armored',
        config: { preferredHashAlgorithm: enums.hash.sha512 },
      })
    },
  }
}
