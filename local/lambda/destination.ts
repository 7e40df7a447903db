// The record that Lambda sends to a function's on-failure destination when it gives up an event.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

import type { Json, JsonObject } from '../wire/json.ts'
import type { Outcome } from './runner.ts'

export type Condition = 'RetriesExhausted' | 'EventAgeExceeded'

export interface GivenUp {
  readonly requestId: string
  /** with the qualifier of the invocation */
  readonly functionArn: string
  /** version of the function that ran */
  readonly version: string
  readonly event: Json
  readonly condition: Condition
  /** failed invocations of this event, including the last */
  readonly invocations: number
  readonly last: Exclude<Outcome, { tag: 'answer' }>
  /** milliseconds since the epoch */
  readonly at: number
}

/** Has no response if the last try was throttled, because the function did not run. */
export const recordOf = (it: GivenUp): JsonObject => ({
  version: '1.0',
  timestamp: new Date(it.at).toISOString(),
  requestContext: {
    requestId: it.requestId,
    functionArn: it.functionArn,
    condition: it.condition,
    approximateInvokeCount: it.invocations,
  },
  requestPayload: it.event,
  ...(it.last.tag === 'failed'
    ? {
        responseContext: { statusCode: 200, executedVersion: it.version, functionError: 'Unhandled' },
        responsePayload: { errorMessage: it.last.message },
      }
    : {}),
})
