// Computes the reserved concurrency of the functions that hold requests.

import type { Settings } from './settings.ts'

/** Executions. 0: the function has no reservation and no limit of its own. */
type Reserved = Readonly<Record<'wait' | 'direct' | 'v1', number>>

/** `direct` serves clients from before May 2020. They wait too, but they are few. */
export const reservedFor = ({ waitConcurrency }: Pick<Settings['cloud'], 'waitConcurrency'>): Reserved => ({
  wait: waitConcurrency,
  direct: Math.ceil(waitConcurrency / 10),
  v1: Math.ceil(waitConcurrency / 5),
})

/**
 * Executions that must stay unreserved: Lambda refuses a reservation that leaves fewer for all other functions.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export const UNRESERVED = 100
