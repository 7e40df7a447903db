// Simulates faults that occur sometimes in AWS and never on one machine. A seed chooses them, so that they can be repeated.

import { createHash } from 'node:crypto'

export interface Faults {
  /** Decides whether this valid request fails. */
  strikes(fault: Fault): boolean
  /** Milliseconds until an index shows a write to its table. */
  lag(): number
  /** Milliseconds until a function gets an event. */
  delay(): number
  /** Milliseconds during which a new execution environment gets requests. */
  environment(): number
}

/**
 * One of so many requests or events has the fault. That is rare enough for clients that retry to succeed. Lambda may get an event
 * more than once (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html), and CodeBuild's events are best effort
 * (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-codebuild.html).
 */
const ONE_OF = {
  ...{ 's3-slow-down': 30, 's3-conflict': 8, 'dynamodb-throttle': 30 },
  ...{ 'event-twice': 8, 'build-event-lost': 4 },
} as const
export type Fault = keyof typeof ONE_OF

/**
 * Milliseconds. Indexes are eventually consistent, mostly within a fraction of a second:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
 */
const MAX_LAG = 2000

/** Milliseconds. AWS promises no limit and no order, so later events may overtake a delayed one. */
const MAX_DELAY = 10_000

/**
 * Milliseconds. Lambda ends its environments every few hours
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html) without a promised length. Here they last minutes.
 */
const LEAST_ENVIRONMENT = 60_000
const MAX_ENVIRONMENT = 10 * LEAST_ENVIRONMENT

export const NO_FAULTS: Faults = {
  strikes: () => false,
  lag: () => 0,
  delay: () => 0,
  environment: () => Number.POSITIVE_INFINITY,
}

/** Equal seeds give equal faults. The faults of one kind of request do not depend on requests of other kinds. */
export function seededFaults(seed: string): Faults {
  const counts = new Map<string, number>()
  /** From 0 (inclusive) to 1 (exclusive). */
  const next = (kind: string): number => {
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return createHash('sha256').update(`${seed}/${kind}/${count}`).digest().readUInt32BE() / 2 ** 32
  }
  return {
    strikes: (fault) => next(fault) < 1 / ONE_OF[fault],
    // Mostly short, sometimes close to the maximum.
    lag: () => Math.round(MAX_LAG * next('dynamodb-lag') ** 3),
    delay: () => Math.round(MAX_DELAY * next('event-delay') ** 6),
    environment: () =>
      Math.round(LEAST_ENVIRONMENT + (MAX_ENVIRONMENT - LEAST_ENVIRONMENT) * next('environment')),
  }
}
