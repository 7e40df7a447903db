// Refusals of files that no believed key has signed, and the signature file next to what it signs.

import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Fetch } from '../model/ports.ts'

export const notBelieved = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed: ${why}`, { cause })

/** One has less than a thousand. */
export const MAX_SIGNATURE = 16 * 1024

/** The signature over the file `of`. ProbeError `signature-invalid` where it is missing, and those of `fetch`. */
export const fetchSignature = (fetch: Fetch, of: string, url: string): Promise<Uint8Array> =>
  fetch(url, { maxBytes: MAX_SIGNATURE }).catch((error: unknown) => {
    throw isProbeError(error, 'not-found') ? notBelieved(of, `its signature ${url} is missing`, error) : error
  })
