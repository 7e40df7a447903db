// Writes a plan's objects to staging. Each is written once, even if the plan runs again.

import { sha256 } from '../model/digest.ts'
import type { Store } from '../model/ports.ts'
import { MAX_ORDER } from './order.ts'

export function stage(
  staging: Pick<Store, 'create'>,
  key: string,
  content: string | Uint8Array,
  contentType = 'text/plain',
): Promise<'created' | 'exists'> {
  const body = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return staging.create(key, body, { contentType, sha256: sha256(body) })
}

/**
 * Resolves to the stored object: `order`, or that of an earlier try. Signed URLs differ between tries, and the builder
 * recognizes a started build only by the same URLs.
 */
export async function orderOnce(
  staging: Pick<Store, 'create' | 'get'>,
  key: string,
  order: Uint8Array,
): Promise<Uint8Array> {
  if ((await stage(staging, key, order, 'application/json')) === 'created') return order
  return (await staging.get(key, MAX_ORDER)) ?? order
}
