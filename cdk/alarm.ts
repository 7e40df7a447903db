// Makes alarms. Their type demands an impact and a heading of the runbook.

import { Duration, type Stack } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'

/** Headings under "Runbook" in docs/operations.md. A test checks that each exists. */
export const RUNBOOK = {
  hits: 'Hits fail',
  waits: 'Waiting clients fail',
  submissions: 'Submissions fail',
  plans: 'Builds are not planned',
  keys: 'A distribution changes its keys',
  roots: 'Build roots are not composed',
  building: 'Builds break',
  publishing: 'Builds are not published',
  sweeping: 'Lost claims are not freed',
  tables: 'DynamoDB throttles or fails',
  failures: 'Events fail',
  canary: 'The canary finds no good probe',
} as const

export interface Trouble {
  readonly metric: cloudwatch.IMetric
  /** the alarm rings at this value; default 1 */
  readonly atLeast?: number
  /** the alarm rings when the metric stops, but not before its first data */
  readonly whenSilent?: true
  /** with `whenSilent`: the alarm also rings below this value */
  readonly below?: number
  /** number of periods in a row; default 1 */
  readonly periods?: number
  /** consequence for the users of the registry */
  readonly impact: string
  readonly runbook: keyof typeof RUNBOOK
}

export type Alarms = (id: string, trouble: Trouble) => cloudwatch.Alarm

export function alarms(stack: Stack, topic: Topic): Alarms {
  const action: cloudwatch.IAlarmAction = { bind: () => ({ alarmActionArn: topic.topicArn }) }
  return (id, trouble) => {
    const alarm = new cloudwatch.Alarm(stack, `${id}Alarm`, {
      metric: trouble.metric,
      ...bound(trouble),
      evaluationPeriods: trouble.periods ?? 1,
      alarmDescription: `${trouble.impact} Runbook: docs/operations.md#${anchor(RUNBOOK[trouble.runbook])}`,
    })
    alarm.addAlarmAction(action)
    if (trouble.whenSilent) alarm.addInsufficientDataAction(action)
    return alarm
  }
}

/**
 * By default, an alarm without data is quiet. With `whenSilent` it starts as "insufficient data", which notifies nobody, and
 * notifies when it returns to that state.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
const bound = ({ atLeast = 1, whenSilent, below = 0 }: Trouble) =>
  whenSilent === undefined
    ? {
        threshold: atLeast,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }
    : {
        threshold: below,
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: cloudwatch.TreatMissingData.MISSING,
      }

/** The anchor of a Markdown heading. */
export const anchor = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-')

/** Makes the topic of alarms, which sends to these mail addresses and to other subscribers. */
export function addTopic(stack: Stack, mails: readonly string[]): Topic {
  const topic = new Topic(stack, 'AlarmTopic', { enforceSSL: true })
  for (const mail of mails) topic.addSubscription(new EmailSubscription(mail))
  const conditions = { StringEquals: { 'aws:SourceAccount': stack.account } }
  topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com', { conditions }))
  return topic
}

export const FIVE_MINUTES = Duration.minutes(5)
export const SUM = { period: FIVE_MINUTES, statistic: cloudwatch.Stats.SUM }
