// Makes the event bus and its rules, which decide the function for each event.

import { Duration, type Stack } from 'aws-cdk-lib'
import { EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets'
import type { Alias } from 'aws-cdk-lib/aws-lambda'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { BUILD_ENDS, ENV, EVENT_SOURCE } from '../lib/aws/resources.ts'
import type { RegistryEvent } from '../lib/model/events.ts'
import type { Projects } from './builds.ts'
import { granting } from './grants.ts'

export function addBus(stack: Stack) {
  // The CDK's default name would be the same for every registry of an account.
  const eventBus = new EventBus(stack, 'Bus', { eventBusName: `${stack.stackName}-Bus` })
  const bus = granting(
    { [ENV.eventBus]: eventBus.eventBusName },
    { emit: { actions: ['events:PutEvents'], resources: [eventBus.eventBusArn] } },
  )
  return { eventBus, bus }
}

interface RulesOptions {
  readonly eventBus: EventBus
  readonly projects: Projects
  readonly to: Readonly<Record<'plan' | 'compose' | 'publish' | 'sweep', Alias>>
  /** for events that EventBridge cannot deliver */
  readonly deadLetterQueue: Queue
}

export function addRules(stack: Stack, { eventBus, projects, to, deadLetterQueue }: RulesOptions) {
  const target = (to: Alias): Target => new Target(to, { deadLetterQueue })
  const own = (type: RegistryEvent['type'], subscriber: Alias): Rule =>
    new Rule(stack, type, {
      eventBus,
      eventPattern: { source: [EVENT_SOURCE], detailType: [type] },
      targets: [target(subscriber)],
    })
  own('ProbeRequested', to.plan)
  own('LoadTestRequested', to.plan)
  own('DriversWanted', to.plan)
  own('RootWanted', to.compose)
  const overdue = own('ProbeOverdue', to.publish)
  own('BuildRunning', to.publish)
  own('PackagesWanted', to.publish)
  buildEnded(stack, projects, target(to.publish))
  const every = (id: string, interval: Duration, subscriber: Alias): Rule =>
    new Rule(stack, id, { schedule: Schedule.rate(interval), targets: [target(subscriber)] })
  every('EveryMinute', Duration.minutes(1), to.sweep)
  every('EveryHour', Duration.hours(1), to.publish)
  return { overdue }
}

/** CodeBuild sends its events to the account's default bus. */
const buildEnded = (stack: Stack, projects: Projects, target: Target): Rule =>
  new Rule(stack, 'BuildEnded', {
    eventPattern: {
      source: ['aws.codebuild'],
      detailType: ['CodeBuild Build State Change'],
      detail: { 'project-name': projects.map(({ ref }) => ref), 'build-status': Object.keys(BUILD_ENDS) },
    },
    targets: [target],
  })
