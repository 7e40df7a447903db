// OpenPGP signatures that gpg 2.2 and rpm verify.

import { createMessage, enums, readPrivateKey, sign } from 'openpgp'
import type { Clock, Signer } from '../model/ports.ts'
import { NOTATION } from './statement.ts'

/**
 * Detached binary signatures, SHA-512. `privateKey` is asked for at every signature and kept by nobody: a key
 * that was replaced signs nothing more.
 */
export function createSigner(privateKey: () => Promise<string>, now: Clock): Signer {
  return {
    async sign(body, statement) {
      const key = await readPrivateKey({ armoredKey: await privateKey() })
      return sign({
        message: await createMessage({ binary: body }),
        signingKeys: key,
        detached: true,
        // Not critical in OpenPGP's sense, or plain gpg would refuse it: which part is, its `!` says.
        signatureNotations: statement.map((part) => ({
          name: NOTATION,
          value: new TextEncoder().encode(part),
          humanReadable: true,
          critical: false,
        })),
        // A clock that was set back since must not keep the key from signing.
        date: new Date(Math.max(now(), key.getCreationTime().getTime())),
        format: 'armored',
        config: { preferredHashAlgorithm: enums.hash.sha512 },
      })
    },
  }
}
