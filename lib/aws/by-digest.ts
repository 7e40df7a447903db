// Makes the paths of published objects on the CloudFront distribution. A path contains a digest, so no cache ever goes stale.

import { isPublished } from '../model/keys.ts'
import type { Presigner } from '../model/ports.ts'
import { BY_DIGEST } from './resources.ts'
import { encode } from './sigv4.ts'

/** Returns paths for published objects, and `signed`'s URLs for all others. The last segment of a path is the file's name. */
export const byDigest = (signed: Presigner): Presigner => ({
  ...signed,
  get: async (key, options) => (isPublished(key) ? pathOf(key) : signed.get(key, options)),
  head: async (key, options) => (isPublished(key) ? pathOf(key) : signed.head(key, options)),
})

const pathOf = (key: string): string => `${BY_DIGEST}/${key.split('/').map(encode).join('/')}`
