// Computes the times of retries, deadlines and waits.

import type { FailureReason } from './probe.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Lifetime of a claim without a started build. A plan takes seconds. */
export const PLAN_MILLISECONDS = 120_000

/** Delay of a build after its kernel was submitted again. */
export const RESUBMIT_MILLISECONDS = 10 * SECOND

/** Limit of a deadline's distance from now: an hour for the longest possible build, plus its queue and differences of clocks. */
export const FURTHEST_DEADLINE = 75 * MINUTE
/** The same limit for the end of a held request. */
export const FURTHEST_LEASE = 5 * MINUTE
/** The same limit for the time of a retry. */
export const FURTHEST_RETRY = DAY + HOUR

/** True for a past time, and for one over `furthest` milliseconds ahead, which was recorded before the clock was set back. */
export const hasCome = (moment: number, now: number, furthest: number): boolean =>
  moment <= now || moment > now + furthest

/** True after the deadline. Then no build or test of the probe runs any more. */
export const isOverdue = (deadline: number, now: number): boolean => hasCome(deadline, now, FURTHEST_DEADLINE)

/** True up to `milliseconds` after `at`. A later `at` was recorded before the clock was set back. */
export const isRecent = (at: number, now: number, milliseconds: number): boolean =>
  now - at < milliseconds && at - now < milliseconds

/** Age at which the registry reads the list of driver versions again. Archives change a few times a day. */
export const CATALOGUE_MILLISECONDS = 15 * MINUTE

/** Milliseconds; they double with each attempt, up to `longest`. */
const growing = (attempt: number, longest: number): number =>
  Math.min(30 * SECOND * 2 ** (attempt - 1), longest)

/**
 * Milliseconds until the next attempt. After failures that only others can repair (a missing package, a broken driver), it is far
 * away. After the registry's own failures it comes soon, and then with growing delays. Most unreachable mirrors return within
 * minutes, so for these there are at least four retries an hour.
 */
const DELAYS: Readonly<Record<FailureReason, (attempt: number, now: number) => number>> = {
  'headers-not-found': () => HOUR,
  'driver-source-not-found': () => HOUR,
  'compile-error': () => DAY,
  'verification-failed': () => DAY,
  'cannot-load': () => DAY,
  'load-test': () => DAY,
  'build-timeout': () => HOUR,
  'no-room': () => 30 * SECOND,
  'mirror-unreachable': (attempt) => growing(attempt, 15 * MINUTE),
  'build-broken': (attempt) => growing(attempt, 6 * HOUR),
  'plan-error': (attempt) => growing(attempt, 6 * HOUR),
  'build-lost': (attempt) => (attempt <= 2 ? 0 : growing(attempt - 2, 6 * HOUR)),
  'budget-spent': (_, now) => nextDay(now) - now,
}

/** Time of the next attempt, in milliseconds since the epoch. */
export const retryAt = (reason: FailureReason, attempt: number, now: number): number =>
  now + DELAYS[reason](attempt, now)

/** Interval of signs of life from waiting clients; also the time in which an event should arrive. */
export const SIGN_MILLISECONDS = 5000
/** A client still waits if its last sign of life is younger than this. Clients return five seconds after a 503. */
export const ALIVE_MILLISECONDS = 15_000
/** Interval in which waiting builds are checked. */
export const QUEUE_MILLISECONDS = 120_000
/** The registry gives up a queued build after this time without a waiting client. */
export const PATIENCE_MILLISECONDS = 30 * MINUTE

/** How long a claim without a started build stays after its deadline. The sweep settles it within minutes. */
export const UNSETTLED_MILLISECONDS = 10 * MINUTE

/**
 * Time at which a failure without a build expires: when its retry is due, so that a wrong name leaves no item. Failures of the
 * registry and of mirrors stay twice as long, because the delays of their retries grow with the recorded attempts.
 */
export const forgottenAt = (reason: FailureReason, due: number, now: number): number =>
  reason === 'plan-error' || reason === 'mirror-unreachable' ? due + Math.max(0, due - now) : due

/** The UTC day; budgets are for UTC days. */
export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)
export const minuteOf = (now: number): string => new Date(now).toISOString().slice(0, 16)
export const nextDay = (now: number): number => (Math.floor(now / DAY) + 1) * DAY
