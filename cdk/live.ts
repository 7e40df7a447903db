// Makes the alias of each function, which each deployment moves to its new version.

import { Duration } from 'aws-cdk-lib'
import { Alias, type IDestination, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LIVE } from '../lib/aws/resources.ts'

/** Options for functions that events invoke. */
interface EventsSpec {
  /** how long Lambda retries an event, in minutes */
  readonly eventMinutes: number
  /** the event repeats by itself, so failed ones are not kept */
  readonly isRepeated?: true
}

export type GoLive = (fn: LambdaFunction, events?: EventsSpec) => Alias

/**
 * A version contains code and environment, so moving the alias changes both or neither. The CDK computes the version's hash when it writes
 * the template, so the hash includes environment that is added after this call. CloudFormation deletes the old version in the
 * clean-up after an update, when the alias cannot return to it any more.
 */
export const live =
  (onFailure: IDestination): GoLive =>
  (fn, events) =>
    new Alias(fn, 'Live', {
      aliasName: LIVE,
      version: fn.currentVersion,
      // The alias does not inherit these options of its function:
      // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
      ...(events && {
        ...{ retryAttempts: 2, maxEventAge: Duration.minutes(events.eventMinutes) },
        onFailure: events.isRepeated ? undefined : onFailure,
      }),
    })
