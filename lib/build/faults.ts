// Why a function broke off, for the probe's own URL: written down at the first time, and told at the second.

import { faultOf } from '../model/fault.ts'
import type { Store } from '../model/ports.ts'
import { stage } from './staging.ts'

const MAX_FAULT = 4096

/**
 * Whether it is the first one there: then its event comes again, and may do better. Where not even that can be written down,
 * it counts as the first.
 */
export async function isFirstFault(
  staging: Pick<Store, 'create'>,
  key: string,
  error: unknown,
): Promise<boolean> {
  try {
    return (await stage(staging, key, faultOf(error))) === 'created'
  } catch {
    return true
  }
}

/** `undefined`: none was written down. */
export async function readFault(staging: Pick<Store, 'get'>, key: string): Promise<string | undefined> {
  const body = await staging.get(key, MAX_FAULT)
  return body === undefined ? undefined : new TextDecoder().decode(body)
}
