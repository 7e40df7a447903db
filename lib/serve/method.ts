// Probes are read and nothing else.

import { ProbeError } from '../model/errors.ts'

/** ProbeError `method-not-allowed`. */
export function methodOf(method: string): 'GET' | 'HEAD' {
  if (method === 'GET' || method === 'HEAD') return method
  throw new ProbeError(
    'method-not-allowed',
    `${method.slice(0, 20)} is not answered here: GET a probe, or HEAD it`,
  )
}
