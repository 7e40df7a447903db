// What a plan leaves in the staging keys of its claim: each object is created once, however often the plan is made again.

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
 * Resolves to what is there afterwards: `order`, or what an earlier try has put there. Signed URLs differ from try to try,
 * and what was started with the first ones could not be found by its token.
 */
export async function orderOnce(
  staging: Pick<Store, 'create' | 'get'>,
  key: string,
  order: Uint8Array,
): Promise<Uint8Array> {
  if ((await stage(staging, key, order, 'application/json')) === 'created') return order
  return (await staging.get(key, MAX_ORDER)) ?? order
}
