// Keys that are believed, read out of what an operator set.

import { type Certificate, readCertificates } from '../formats/openpgp/certificates.ts'
import { ProbeError } from '../model/errors.ts'

/** `keys`: armored; `setting`: where an operator names some of them. ProbeError `misconfigured` for one that is no key. */
export const certificatesIn = (keys: readonly string[], setting: string): readonly Certificate[] =>
  keys.flatMap((key) => {
    try {
      return readCertificates(new TextEncoder().encode(key))
    } catch (cause) {
      throw new ProbeError(
        'misconfigured',
        `${setting} of the settings holds what is no armored public key`,
        {
          cause,
        },
      )
    }
  })

/** Read once, and not before they are asked for: a key that is none stops no other target. */
export function readOnce<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: read() }
    return known.value
  }
}
