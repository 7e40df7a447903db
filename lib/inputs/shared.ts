// Reads inputs that this bucket lacks from another bucket.

import type { Store } from '../model/ports.ts'

/** Keys are digests, so both buckets have the same bytes under a key. Writes only to `own`. */
export const withShared = (
  own: Pick<Store, 'get' | 'create'>,
  shared: Pick<Store, 'get'>,
): Pick<Store, 'get' | 'create'> => ({
  get: async (key, maxBytes) => (await own.get(key, maxBytes)) ?? shared.get(key, maxBytes),
  create: own.create,
})
