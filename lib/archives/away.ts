// Recognizes errors of a place that lacks a file or cannot be reached. Another place may have the file.

import { isProbeError, type ProbeError } from '../model/errors.ts'

export const isAway = (error: unknown): error is ProbeError =>
  isProbeError(error, 'not-found') || isProbeError(error, 'mirror-unreachable')

/** Returns such an error instead of throwing it. Rejects with every other error. */
export const orAway = <T>(reading: Promise<T>): Promise<T | ProbeError> =>
  reading.catch((error: unknown) => {
    if (isAway(error)) return error
    throw error
  })
