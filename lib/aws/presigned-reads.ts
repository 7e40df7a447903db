// Reads small objects through presigned URLs, without the SDK's S3 client, which would slow the read path's cold start.

import { ProbeError } from '../model/errors.ts'
import { joined } from '../model/joined.ts'
import type { Presigner, Store } from '../model/ports.ts'
import { tooLarge } from './too-large.ts'

/** Short, because a client waits for the answer. */
const TIMEOUT_MS = 3_000
/** Tries again after a 5xx, after no answer, and after `UNTIMELY`. */
const TRIES = 3
/** The signature's time was refused, because a clock was just set here or at AWS. The next try makes a new signature. */
const UNTIMELY = 403

export const createReads = (urls: Pick<Presigner, 'get'>): Pick<Store, 'get'> => ({
  get: async (key, maxBytes) => {
    const response = await answered(() => urls.get(key, { expiresSeconds: 60 }))
    if (response.ok) return joined(response.body ?? [], maxBytes, () => tooLarge(key, maxBytes))
    await response.body?.cancel()
    if (response.status === 404) return undefined
    // The message omits the URL, which is a secret.
    throw new ProbeError('misconfigured', `object ${key} could not be read: S3 answers ${response.status}`)
  },
})

async function answered(sign: () => Promise<string>): Promise<Response> {
  for (let tries = TRIES; ; tries -= 1) {
    const url = await sign()
    try {
      const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
      if ((response.status < 500 && response.status !== UNTIMELY) || tries === 1) return response
      await response.body?.cancel()
    } catch (error) {
      if (tries === 1) throw error
    }
  }
}
