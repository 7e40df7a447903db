// Computes the reserved concurrency of the functions that hold requests.

import type { Settings } from './settings.ts'

/** Executions by function; 0: no reservation and no limit. `direct` serves clients from before May 2020, which are few. */
export const reservedFor = ({ waitConcurrency }: Pick<Settings['cloud'], 'waitConcurrency'>) => ({
  wait: waitConcurrency,
  direct: Math.ceil(waitConcurrency / 10),
  v1: Math.ceil(waitConcurrency / 5),
})

/**
 * Executions that must stay unreserved: Lambda refuses a reservation that leaves fewer for all other functions.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export const UNRESERVED = 100
