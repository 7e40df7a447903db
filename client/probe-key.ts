// The key of a probe that an operator names.

import { isProbeError } from '../lib/model/errors.ts'
import { keyOfName, parse } from '../lib/names/grammar.ts'
import { UsageError } from './command-line.ts'

/** Of its URL, the path of it, or its key. UsageError where the text does not name a probe. */
export function keyOf(probe: string): string {
  try {
    const path = /^https?:\/\//.test(probe) ? new URL(probe).pathname : probe
    const name = parse(path.startsWith('/') ? path : `/${path}`)
    if (name.tag === 'probe' && name.companion === undefined) return keyOfName(name)
  } catch (error) {
    if (!isProbeError(error) && !(error instanceof TypeError)) throw error
  }
  throw new UsageError(`${JSON.stringify(probe)} is no URL of a probe`)
}
