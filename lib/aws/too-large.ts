// Makes the error for an object that is larger than its reader allows.

import { ProbeError } from '../model/errors.ts'

export const tooLarge = (key: string, maxBytes: number): ProbeError =>
  new ProbeError('too-large', `object ${key} has more than the ${maxBytes} bytes allowed`)
