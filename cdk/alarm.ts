// An alarm that cannot be made without saying what it means for people, and where the way out is written.

import { Duration, type Stack } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'

/** Headings under "Runbook" in docs/operations.md; a test looks for each. */
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
  tables: 'The tables refuse',
} as const

export interface Trouble {
  readonly metric: IMetric
  /** in trouble at this value */
  readonly atLeast?: number
  /** in trouble at this value; no data counts as zero */
  readonly atMost?: number
  /** periods in a row, 1 where nothing is said */
  readonly periods?: number
  /** what it means for the people who use the registry */
  readonly impact: string
  readonly runbook: keyof typeof RUNBOOK
}

export type Alarms = (id: string, trouble: Trouble) => void

export function alarms(stack: Stack, topic: Topic): Alarms {
  const action: IAlarmAction = { bind: () => ({ alarmActionArn: topic.topicArn }) }
  return (id, trouble) => {
    const alarm = new Alarm(stack, `${id}Alarm`, {
      metric: trouble.metric,
      ...bound(trouble),
      evaluationPeriods: trouble.periods ?? 1,
      alarmDescription: `${trouble.impact} Runbook: docs/operations.md#${anchor(RUNBOOK[trouble.runbook])}`,
    })
    alarm.addAlarmAction(action)
  }
}

const bound = ({ atLeast, atMost }: Trouble) =>
  atMost === undefined
    ? {
        threshold: atLeast ?? 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }
    : {
        threshold: atMost,
        comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.BREACHING,
      }

/** As a Markdown heading is linked to. */
export const anchor = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-')

/** Where alarms are told; whoever operates the registry subscribes to it. */
export function addTopic(stack: Stack): Topic {
  const topic = new Topic(stack, 'AlarmTopic', { enforceSSL: true })
  topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com', { conditions: ownAccount(stack) }))
  return topic
}

const ownAccount = ({ account }: Stack) => ({ StringEquals: { 'aws:SourceAccount': account } })

export const FIVE_MINUTES = Duration.minutes(5)
