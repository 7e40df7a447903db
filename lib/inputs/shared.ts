// What another registry of the same user has read already: looked for where this one has nothing of its own.

import type { Store } from '../model/ports.ts'

/** Keys are those of content: both have the same bytes under one. What is created is this registry's own. */
export const withShared = (
  own: Pick<Store, 'get' | 'create'>,
  shared: Pick<Store, 'get'>,
): Pick<Store, 'get' | 'create'> => ({
  get: async (key, maxBytes) => (await own.get(key, maxBytes)) ?? shared.get(key, maxBytes),
  create: own.create,
})
