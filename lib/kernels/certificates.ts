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
