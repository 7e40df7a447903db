// Paths of published objects below the CloudFront distribution. A path holds the object's digest, so caches never go stale.

import { isPublished } from '../model/keys.ts'
import type { Presigner } from '../model/ports.ts'
import { BY_DIGEST } from './resources.ts'
import { encode } from './sigv4.ts'

/** Paths for published objects; for all others, URLs by `signed`. The last segment names the file. */
export const byDigest = (signed: Presigner): Presigner => ({
  ...signed,
  get: async (key, options) => (isPublished(key) ? pathOf(key) : signed.get(key, options)),
  head: async (key, options) => (isPublished(key) ? pathOf(key) : signed.head(key, options)),
})

const pathOf = (key: string): string => `${BY_DIGEST}/${key.split('/').map(encode).join('/')}`
