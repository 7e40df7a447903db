// Times of retries, deadlines and waiting.

import { unreachable } from './errors.ts'
import type { FailureReason } from './probe.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Life of a claim without a started build; a plan takes seconds. */
export const PLAN_MILLISECONDS = 120_000

/** Delay of a build after its kernel was submitted again. */
export const RESUBMIT_MILLISECONDS = 10 * SECOND

/** The furthest deadline: an hour for the longest build that settings allow, its queue, and the difference of clocks. */
export const FURTHEST_DEADLINE = 75 * MINUTE
/** The same for a held request. */
export const FURTHEST_LEASE = 5 * MINUTE
/** The same for a retry. */
export const FURTHEST_RETRY = DAY + HOUR

/**
 * True if a recorded time is over. A time further ahead than `furthest` milliseconds was recorded before the clock was set
 * back, and counts as over.
 */
export const hasCome = (moment: number, now: number, furthest: number): boolean =>
  moment <= now || moment > now + furthest

/** After its deadline, nobody builds or tests the probe any more. */
export const isOverdue = (deadline: number, now: number): boolean => hasCome(deadline, now, FURTHEST_DEADLINE)

/** True up to `milliseconds` after `at`. A later `at` was recorded before the clock was set back. */
export const isRecent = (at: number, now: number, milliseconds: number): boolean =>
  now - at < milliseconds && at - now < milliseconds

/** Age at which the list of driver versions is read again: archives change a few times a day. */
export const CATALOGUE_MILLISECONDS = 15 * MINUTE

/**
 * Milliseconds since the epoch. Failures that only others can repair (a missing package, a broken driver) wait long; our own
 * failures retry soon, then ever later. Most unreachable mirrors return within minutes: at least four retries an hour.
 */
export function retryAt(reason: FailureReason, attempt: number, now: number): number {
  switch (reason) {
    case 'headers-not-found':
    case 'driver-source-not-found':
      return now + HOUR
    case 'compile-error':
    case 'verification-failed':
    case 'cannot-load':
    case 'load-test':
      return now + DAY
    case 'build-timeout':
      return now + HOUR
    case 'no-room':
      return now + 30 * SECOND
    case 'mirror-unreachable':
      return now + Math.min(30 * SECOND * 2 ** (attempt - 1), 15 * MINUTE)
    case 'build-broken':
    case 'plan-error':
      return now + Math.min(30 * SECOND * 2 ** (attempt - 1), 6 * HOUR)
    case 'build-lost':
      return attempt <= 2 ? now : now + Math.min(30 * SECOND * 2 ** (attempt - 3), 6 * HOUR)
    case 'budget-spent':
      return nextDay(now)
    default:
      return unreachable(reason)
  }
}

/** Interval of signs of life from waiting clients; also the time that an event may take. */
export const SIGN_MILLISECONDS = 5000
/** A client waits still if its last sign of life is no older: clients return five seconds after a 503. */
export const ALIVE_MILLISECONDS = 15_000
/** Interval of checks of a waiting build. */
export const QUEUE_MILLISECONDS = 120_000
/** A queued build without waiting clients is given up after this. */
export const PATIENCE_MILLISECONDS = 30 * MINUTE

/** How long a claim without a started build outlives its deadline: the sweep settles it within minutes. */
export const UNSETTLED_MILLISECONDS = 10 * MINUTE

/**
 * When a failure without a build expires: when its retry is due, so that a wrong name leaves nothing. Our own failures and a
 * mirror's live twice as long, so that their retries can back off.
 */
export const forgottenAt = (reason: FailureReason, due: number, now: number): number =>
  reason === 'plan-error' || reason === 'mirror-unreachable' ? due + Math.max(0, due - now) : due

/** Budgets are of UTC days. */
export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)
export const minuteOf = (now: number): string => new Date(now).toISOString().slice(0, 16)
export const nextDay = (now: number): number => (Math.floor(now / DAY) + 1) * DAY
