// What Lambda tells a function's on-failure destination of an event that it gives up.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

import type { Json, JsonObject } from '../wire/json.ts'
import type { Outcome } from './runner.ts'

export type Condition = 'RetriesExhausted' | 'EventAgeExceeded'

export interface GivenUp {
  readonly requestId: string
  /** with the qualifier that it was invoked by */
  readonly functionArn: string
  /** of the function, which ran */
  readonly version: string
  readonly event: Json
  readonly condition: Condition
  /** of the event, those that failed and the last one */
  readonly invocations: number
  readonly last: Exclude<Outcome, { tag: 'answer' }>
  /** milliseconds since the epoch */
  readonly at: number
}

/** Without a response where the function was throttled the last time, for it gave none. */
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
