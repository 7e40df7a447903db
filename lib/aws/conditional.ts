// Turns expected refusals of AWS into results. All other errors stay errors.

import { unless } from '../model/errors.ts'

/** `name`: as in AWS's API reference, e.g. `ResourceNotFoundException`. */
export const isNamed =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Error && error.name === name

/** Result of the write; `undefined`: its condition did not hold, so nothing was written. */
export const ifHeld = <T>(write: Promise<T>): Promise<T | undefined> =>
  unless(isNamed('ConditionalCheckFailedException'), write)

/** False: the condition did not hold, so nothing was written. */
export const isWritten = async (write: Promise<object>): Promise<boolean> =>
  (await ifHeld(write)) !== undefined
