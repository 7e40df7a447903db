// OpenPGP signatures that gpg 2.2 and rpm verify; and plain ones by the same key.

import { createCleartextMessage, createMessage, enums, type PrivateKey, readPrivateKey, sign } from 'openpgp'
import type { Clock, Signer } from '../model/ports.ts'
import { signPlain } from './rsa.ts'
import { NOTATION } from './statement.ts'

/**
 * SHA-512; what is detached is over the bytes as they are. `privateKey` is asked for at every signature and kept by nobody:
 * a key that was replaced signs nothing more.
 */
export function createSigner(privateKey: () => Promise<string>, now: Clock): Signer {
  /** A clock that was set back since must not keep the key from signing. */
  const dateFor = (key: PrivateKey) => new Date(Math.max(now(), key.getCreationTime().getTime()))
  const readKey = async () => readPrivateKey({ armoredKey: await privateKey() })
  return {
    async sign(body, statement) {
      const key = await readKey()
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
        date: dateFor(key),
        format: 'armored',
        config: CONFIG,
      })
    },
    async signText(text) {
      const key = await readKey()
      const message = await createCleartextMessage({ text })
      const signed = await sign({ message, signingKeys: key, date: dateFor(key), config: CONFIG })
      // How lines end counts for nothing in the signature of a text.
      return signed.replaceAll('\r\n', '\n')
    },
    signPlain: async (body) => signPlain(await privateKey(), body),
  }
}

const CONFIG = { preferredHashAlgorithm: enums.hash.sha512 }
