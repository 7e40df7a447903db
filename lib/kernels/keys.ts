// The public keys of a target, those of its own and those that an operator names.

import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { ProbeError } from '../model/errors.ts'

/** `armored`: public keys, each a file of them. ProbeError `misconfigured` for one that is not a key. */
export const certificatesIn = (target: string, armored: readonly string[]): readonly Certificate[] =>
  armored.flatMap((key) => {
    try {
      return readCertificates(new TextEncoder().encode(key))
    } catch (cause) {
      throw new ProbeError(
        'misconfigured',
        `${target}.keys of the settings holds what is no armored public key`,
        { cause },
      )
    }
  })

/** Not before one of the target's kernels is planned: a key that is none stops no other target. */
export function readOnce(target: string, armored: readonly string[]): () => readonly Certificate[] {
  let read: readonly Certificate[] | undefined
  return () => {
    read ??= certificatesIn(target, armored)
    return read
  }
}
