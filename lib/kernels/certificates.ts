// Reads trusted keys from the settings.

import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { ProbeError } from '../model/errors.ts'

/**
 * `keys`: armored; `setting`: the setting that adds keys, for the message.
 * @throws {ProbeError} `misconfigured` if one of them is not a key.
 */
export const certificatesIn = (keys: readonly string[], setting: string): readonly Certificate[] =>
  keys.flatMap((key) => {
    try {
      return readCertificates(new TextEncoder().encode(key))
    } catch (cause) {
      const what = `${setting} of the settings holds a text that is not an armored public key`
      throw new ProbeError('misconfigured', what, { cause })
    }
  })

/** Calls `read` at the first use, so that a broken key in the settings fails only its own target. */
export function readOnce<T extends object>(read: () => T): () => T {
  let known: T | undefined
  return () => {
    known ??= read()
    return known
  }
}
