// How long an event waits for its next try.

export interface Pace {
  /** milliseconds before the next try of an event that its function has failed at `failures` times, from 1 on */
  afterFailure(failures: number): number
  /** the same where there was no execution for it, `throttles` times in a row, from 1 on */
  afterThrottle(throttles: number): number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * A minute before the second try and two before the third; from a second to five minutes, each twice the one before, where
 * there is no execution: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export const OF_AWS: Pace = {
  afterFailure: (failures) => failures * MINUTE,
  afterThrottle: (throttles) => Math.min(2 ** (throttles - 1) * SECOND, 5 * MINUTE),
}

/** The same in a part of the time. */
export const faster = ({ afterFailure, afterThrottle }: Pace, part: number): Pace => ({
  afterFailure: (failures) => afterFailure(failures) * part,
  afterThrottle: (throttles) => afterThrottle(throttles) * part,
})

/** What fails on one machine fails by what is over in a second, as a restart; and nobody else has its executions. */
export const OF_ONE_MACHINE: Pace = {
  afterFailure: (failures) => failures * SECOND,
  afterThrottle: () => SECOND / 2,
}
