// Reserved concurrency of the functions that hold requests.

import type { Settings } from './settings.ts'

/** 0: nothing reserved, and no limit of its own. */
type Reserved = Readonly<Record<'wait' | 'direct' | 'v1', number>>

/** Clients from before May 2020 (`direct`) wait as well, and are few. */
export const reservedFor = ({ waitConcurrency }: Pick<Settings['cloud'], 'waitConcurrency'>): Reserved => ({
  wait: waitConcurrency,
  direct: Math.ceil(waitConcurrency / 10),
  v1: Math.ceil(waitConcurrency / 5),
})

/**
 * Lambda refuses reservations that leave fewer executions for all other functions.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export const UNRESERVED = 100
