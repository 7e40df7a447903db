// Reads from another registry's inputs what this one does not have.

import type { Store } from '../model/ports.ts'

/** Keys are digests, so both have the same bytes. Writes go to this registry. */
export const withShared = (
  own: Pick<Store, 'get' | 'create'>,
  shared: Pick<Store, 'get'>,
): Pick<Store, 'get' | 'create'> => ({
  get: async (key, maxBytes) => (await own.get(key, maxBytes)) ?? shared.get(key, maxBytes),
  create: own.create,
})
