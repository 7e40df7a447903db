// The alias of each function, which moves to the version that a deployment makes.

import { Duration } from 'aws-cdk-lib'
import { Alias, type IDestination, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LIVE } from '../lib/aws/resources.ts'

/** For functions that events invoke. */
interface EventsSpec {
  /** how long an event is retried */
  readonly eventMinutes: number
  /** its event repeats by itself, so failed ones are not kept */
  readonly isRepeated?: true
}

export type GoLive = (fn: LambdaFunction, events?: EventsSpec) => Alias

/**
 * A version contains code and environment, so a move of the alias changes both or neither. Its hash is computed when the
 * template is written, and includes environment that is added after this call. The old version is deleted in the clean-up
 * after an update, when the alias cannot return to it any more.
 */
export const live =
  (onFailure: IDestination): GoLive =>
  (fn, events) =>
    new Alias(fn, 'Live', {
      aliasName: LIVE,
      version: fn.currentVersion,
      ...(events === undefined ? {} : invokedByEvents(events, onFailure)),
    })

/** For the alias, which does not inherit this from the function. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html */
const invokedByEvents = ({ eventMinutes, isRepeated }: EventsSpec, onFailure: IDestination) => ({
  ...{ retryAttempts: 2, maxEventAge: Duration.minutes(eventMinutes) },
  ...(isRepeated ? {} : { onFailure }),
})
