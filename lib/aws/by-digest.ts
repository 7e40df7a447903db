// Published objects on the host that was asked, by the path that a distribution before the registry serves them at: it holds
// their digest, so that whoever keeps the answer keeps it rightly.

import { isPublished } from '../model/keys.ts'
import type { Presigner } from '../model/ports.ts'
import { BY_DIGEST } from './resources.ts'
import { encode } from './sigv4.ts'

/** Paths for what is published, and for all else what `signed` gives. Such a path names its file by its last part. */
export const byDigest = (signed: Presigner): Presigner => ({
  ...signed,
  get: async (key, options) => (isPublished(key) ? pathOf(key) : signed.get(key, options)),
  head: async (key, options) => (isPublished(key) ? pathOf(key) : signed.head(key, options)),
})

const pathOf = (key: string): string => `${BY_DIGEST}/${key.split('/').map(encode).join('/')}`
