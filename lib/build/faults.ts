// Records an unexpected error of a function in staging, so that the probe's own URL can report it.

import { faultOf } from '../model/fault.ts'
import type { Store } from '../model/ports.ts'
import { stage } from './staging.ts'

const MAX_FAULT = 4096

/** True: this is the first error at this key, or it cannot be recorded. Then the event should come again. */
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

export async function readFault(staging: Pick<Store, 'get'>, key: string): Promise<string | undefined> {
  const body = await staging.get(key, MAX_FAULT)
  return body === undefined ? undefined : new TextDecoder().decode(body)
}
