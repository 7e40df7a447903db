// Computes digests.

import { createHash } from 'node:crypto'

/** Lower-case hex; text is encoded as UTF-8. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')
