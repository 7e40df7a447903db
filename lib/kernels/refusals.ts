// Creates the two refusals that every target has.

import { ProbeError } from '../model/errors.ts'

export const headersNotFound = (why: string): ProbeError => new ProbeError('headers-not-found', why)
export const unsupported = (why: string): ProbeError => new ProbeError('unsupported-kernel', why)
