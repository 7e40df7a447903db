// Delays before the next try of an event.

export interface Pace {
  /** milliseconds until the next try after `failures` failures, counted from 1 */
  afterFailure(failures: number): number
  /** milliseconds until the next try after `throttles` tries in a row without a free execution, counted from 1 */
  afterThrottle(throttles: number): number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * After failures: one minute before the second try, two before the third. After throttles: from one second, doubled up to
 * five minutes. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export const OF_AWS: Pace = {
  afterFailure: (failures) => failures * MINUTE,
  afterThrottle: (throttles) => Math.min(2 ** (throttles - 1) * SECOND, 5 * MINUTE),
}

/** Multiplies all delays by `part`. */
export const faster = ({ afterFailure, afterThrottle }: Pace, part: number): Pace => ({
  afterFailure: (failures) => afterFailure(failures) * part,
  afterThrottle: (throttles) => afterThrottle(throttles) * part,
})

/** Failures on one machine end within seconds, e.g. after a restart, and no other account competes for executions. */
export const OF_ONE_MACHINE: Pace = {
  afterFailure: (failures) => failures * SECOND,
  afterThrottle: () => SECOND / 2,
}
