// Reads believed keys from the settings.

import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { ProbeError } from '../model/errors.ts'

/** `keys`: armored; `setting`: where an operator names some of them. ProbeError `misconfigured` for one that is not a key. */
export const certificatesIn = (keys: readonly string[], setting: string): readonly Certificate[] =>
  keys.flatMap((key) => {
    try {
      return readCertificates(new TextEncoder().encode(key))
    } catch (cause) {
      const what = `${setting} of the settings holds a text that is not an armored public key`
      throw new ProbeError('misconfigured', what, { cause })
    }
  })

/** Read once, at the first use: a broken key stops no other target. */
export function readOnce<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: read() }
    return known.value
  }
}
