// When a failed probe may be tried again.

import { unreachable } from './errors.ts'
import type { FailureReason } from './probe.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long a claim without a started build lives; a plan takes seconds. */
export const PLAN_MILLISECONDS = 120_000

/** From when on a kernel that is to be submitted again is built, once it was. */
export const RESUBMIT_MILLISECONDS = 10 * SECOND

/** No deadline is given that lies further ahead: a build of an hour, the longest that settings allow, and its queue; and some, as no two clocks agree. */
export const FURTHEST_DEADLINE = 75 * MINUTE
/** The same of a request that is held. */
export const FURTHEST_LEASE = 5 * MINUTE
/** The same of what is tried again. */
export const FURTHEST_RETRY = DAY + HOUR

/**
 * Whether a moment that was written down has come. One that lies further ahead than any that is given was written before
 * the clock was set back: it has come as well. `furthest`: milliseconds.
 */
export const hasCome = (moment: number, now: number, furthest: number): boolean =>
  moment <= now || moment > now + furthest

/** Nobody builds, or tests, a probe past its deadline any more. */
export const isOverdue = (deadline: number, now: number): boolean => hasCome(deadline, now, FURTHEST_DEADLINE)

/** Whether something was done at most `milliseconds` ago; what was done in the future was done before the clock was set back. */
export const isRecent = (at: number, now: number, milliseconds: number): boolean =>
  now - at < milliseconds && at - now < milliseconds

/** How old a list of driver versions is before it is read again: archives change a few times a day. */
export const CATALOGUE_MILLISECONDS = 15 * MINUTE

/**
 * Milliseconds since the epoch. What only changes with the world outside (a package appears, a driver
 * is mended) waits long; what was our own accident is tried again soon, then ever later. A mirror that was away has said
 * nothing about the probe, and most are back within minutes: it is asked again at least four times an hour.
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

/** Between two signs of life of those who wait for a probe; and what an event may take to be taken up. */
export const SIGN_MILLISECONDS = 5000
/** Whoever gave a sign of life within that time waits still: clients that are sent away come again after five seconds. */
export const ALIVE_MILLISECONDS = 15_000
/** What waits for its turn is looked at again after that. */
export const QUEUE_MILLISECONDS = 120_000
/** A build that nobody has waited for so long is given up, if its turn has not come. */
export const PATIENCE_MILLISECONDS = 30 * MINUTE

/** How long a claim without a started build is remembered past its deadline: the sweep settles it within minutes. */
export const UNSETTLED_MILLISECONDS = 10 * MINUTE

/**
 * From when on a failure without a build is forgotten: when it is due again, so that a name of nothing leaves nothing.
 * What was our own accident, or a mirror's, is remembered as long again, or it would never be tried ever later.
 */
export const forgottenAt = (reason: FailureReason, due: number, now: number): number =>
  reason === 'plan-error' || reason === 'mirror-unreachable' ? due + Math.max(0, due - now) : due

/** Budgets are of UTC days. */
export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)
export const minuteOf = (now: number): string => new Date(now).toISOString().slice(0, 16)
export const nextDay = (now: number): number => (Math.floor(now / DAY) + 1) * DAY
