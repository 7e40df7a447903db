// Executions that the stack keeps for those who wait, by the functions that hold them.

import type { Settings } from './settings.ts'

/** The functions for which executions are kept. 0 keeps none: it is then without a bound of its own, too. */
type Reserved = Readonly<Record<'wait' | 'direct' | 'v1', number>>

/** Clients of before May 2020 (`direct`) wait, too, and are few. */
export const reservedFor = ({ waitConcurrency }: Pick<Settings['cloud'], 'waitConcurrency'>): Reserved => ({
  wait: waitConcurrency,
  direct: Math.ceil(waitConcurrency / 10),
  v1: Math.ceil(waitConcurrency / 5),
})

/**
 * Executions that Lambda wants left for all functions that keep none: it refuses what leaves fewer.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export const UNRESERVED = 100
