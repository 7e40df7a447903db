// An object of a bucket that is larger than whoever reads it allows.

import { ProbeError } from '../model/errors.ts'

export const tooLarge = (key: string, maxBytes: number): ProbeError =>
  new ProbeError('too-large', `object ${key} has more than the ${maxBytes} bytes allowed`)
