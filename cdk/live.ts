// What answers and handles: of each function the version that a deployment makes of it, behind an alias that moves there.

import { Duration } from 'aws-cdk-lib'
import { Alias, type IDestination, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LIVE } from '../lib/aws/resources.ts'

/** Of a function that is invoked by events. */
interface EventsSpec {
  /** how long an event is tried again */
  readonly eventMinutes: number
  /** its event comes again by itself: one that failed is not kept */
  readonly isRepeated?: true
}

export type GoLive = (fn: LambdaFunction, events?: EventsSpec) => Alias

/**
 * A version is code and environment together, so the settings in it change with one move of the alias, or not at all. Its
 * hash is taken when the template is written: what the function is told after this call is in it, too. The version before
 * is deleted in the clean-up after an update, when no alias can be taken back to it any more.
 */
export const live =
  (onFailure: IDestination): GoLive =>
  (fn, events) =>
    new Alias(fn, 'Live', {
      aliasName: LIVE,
      version: fn.currentVersion,
      ...(events === undefined ? {} : invokedByEvents(events, onFailure)),
    })

/** Of the alias: what is said of the function itself does not hold for it. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html */
const invokedByEvents = ({ eventMinutes, isRepeated }: EventsSpec, onFailure: IDestination) => ({
  ...{ retryAttempts: 2, maxEventAge: Duration.minutes(eventMinutes) },
  ...(isRepeated ? {} : { onFailure }),
})
