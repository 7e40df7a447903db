// Places that do not have a file, or cannot be reached: another place may have it.

import { isProbeError, type ProbeError } from '../model/errors.ts'

export const isAway = (error: unknown): error is ProbeError =>
  isProbeError(error, 'not-found') || isProbeError(error, 'mirror-unreachable')

/** What was read, or why its place does not have it. Rejects with every other error. */
export const orAway = <T>(reading: Promise<T>): Promise<T | ProbeError> =>
  reading.catch((error: unknown) => {
    if (isAway(error)) return error
    throw error
  })
