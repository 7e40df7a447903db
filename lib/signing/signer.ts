// Makes OpenPGP signatures that gpg 2.2 and rpm verify, and plain RSA signatures with the same key.

import { createCleartextMessage, createMessage, enums, type PrivateKey, readPrivateKey, sign } from 'openpgp'
import type { Clock, Signer } from '../model/ports.ts'
import { signPlain } from './rsa.ts'
import { NOTATION } from './statement.ts'

/** Signs with SHA-512. Reads `privateKey` for every signature, so a replaced key makes no further signatures. */
export function createSigner(privateKey: () => Promise<string>, now: Clock): Signer {
  /** Never earlier than the key: it must sign even if the clock was set back since the key was made. */
  const dateFor = (key: PrivateKey, at = now()) => new Date(Math.max(at, key.getCreationTime().getTime()))
  const readKey = async () => readPrivateKey({ armoredKey: await privateKey() })
  return {
    async sign(body, statement, at) {
      const key = await readKey()
      return sign({
        message: await createMessage({ binary: body }),
        signingKeys: key,
        detached: true,
        // Not critical in OpenPGP's sense, because plain gpg would refuse such a signature. A `!` marks critical parts instead.
        signatureNotations: statement.map((part) => ({
          name: NOTATION,
          value: new TextEncoder().encode(part),
          humanReadable: true,
          critical: false,
        })),
        date: dateFor(key, at),
        format: 'armored',
        // If `at` is given, the same input must give the same signature, so the random notation is off.
        config: { ...CONFIG, ...(at === undefined ? {} : { nonDeterministicSignaturesViaNotation: false }) },
      })
    },
    async signText(text) {
      const key = await readKey()
      const message = await createCleartextMessage({ text })
      const signed = await sign({ message, signingKeys: key, date: dateFor(key), config: CONFIG })
      // The signature of a text does not cover its line ends.
      return signed.replaceAll('\r\n', '\n')
    },
    signPlain: async (body) => signPlain(await privateKey(), body),
  }
}

const CONFIG = { preferredHashAlgorithm: enums.hash.sha512 }
