// Parses the probe that an operator names, and returns its key.

import { isProbeError } from '../lib/model/errors.ts'
import { keyOfName, parse } from '../lib/names/grammar.ts'
import { UsageError } from './command-line.ts'

/** Accepts a URL, a path or a key. @throws {UsageError} if the text does not name a probe */
export function keyOf(probe: string): string {
  try {
    const path = /^https?:\/\//.test(probe) ? new URL(probe).pathname : probe
    const name = parse(path.startsWith('/') ? path : `/${path}`)
    if (name.tag === 'probe' && name.companion === undefined) return keyOfName(name)
  } catch (error) {
    if (!isProbeError(error) && !(error instanceof TypeError)) throw error
  }
  throw new UsageError(`${JSON.stringify(probe)} is not a URL of a probe`)
}
