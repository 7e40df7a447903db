// Queues for failed events: the record that Lambda sends to one when it gives up an event, and the outcome for the log.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

import { AwsError } from '../wire/aws-json.ts'
import type { Json, JsonObject } from '../wire/json.ts'
import type { Fn } from './lambda.ts'
import type { Outcome } from './runner.ts'

export interface GivenUp {
  readonly requestId: string
  readonly event: Json
  readonly condition: 'RetriesExhausted' | 'EventAgeExceeded'
  /** failed invocations of this event, including the last */
  readonly invocations: number
  readonly last: Exclude<Outcome, { tag: 'answer' }>
  /** milliseconds since the epoch */
  readonly at: number
}

/** Has no response if the last try was throttled, because the function did not run. */
export const recordOf = (fn: Fn, it: GivenUp): JsonObject => ({
  version: '1.0',
  timestamp: new Date(it.at).toISOString(),
  requestContext: {
    requestId: it.requestId,
    functionArn: fn.qualifiedArn,
    condition: it.condition,
    approximateInvokeCount: it.invocations,
  },
  requestPayload: it.event,
  ...(it.last.tag === 'failed'
    ? {
        responseContext: { statusCode: 200, executedVersion: fn.version, functionError: 'Unhandled' },
        responsePayload: { errorMessage: it.last.message },
      }
    : {}),
})

/** Sends an event to its queue, if it has one, and returns the outcome as text for the log. `event`: its name in that text. */
export function sentOrLost<Q>(event: string, queue: Q | undefined, send: (queue: Q) => void): string {
  const lost = `${event} is lost, as it would be in AWS`
  if (queue === undefined) return lost
  try {
    send(queue)
    return `\`probe-registry replay\` shows ${event} and sends it again`
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return `${lost}: ${error.message}`
  }
}
