// Refuses files that no trusted key has signed, and fetches the signature next to a file.

import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Fetch } from '../model/ports.ts'

export const notBelieved = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed: ${why}`, { cause })

/** Bytes; a signature has less than a thousand. */
export const MAX_SIGNATURE = 16 * 1024

/**
 * Fetches the signature of the file `of`.
 * @throws {ProbeError} `signature-invalid` if the signature is missing, and the errors of `fetch`.
 */
export const fetchSignature = (fetch: Fetch, of: string, url: string): Promise<Uint8Array> =>
  fetch(url, { maxBytes: MAX_SIGNATURE }).catch((error: unknown) => {
    throw isProbeError(error, 'not-found') ? notBelieved(of, `its signature ${url} is missing`, error) : error
  })
