// Tests the queue for events that no function could handle: its users, and that every asynchronous function has it.

import { beforeAll, expect, test } from 'vitest'
import { list, plainId, readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'

let template: Template
beforeAll(() => {
  template = synthesis(undefined, true).template
})

interface Statement {
  readonly Effect: string
  readonly Principal: unknown
  readonly Action: string | string[]
  readonly Resource: unknown
  readonly Condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const INVOKED_BY_EVENTS = ['Compose', 'Plan', 'Publish', 'Sweep']

test('every function that events invoke sends failed events to the queue, except the sweep', () => {
  const configs = [...resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').values()]
  const told = configs.map(({ Properties }) => {
    const { OnFailure } = (Properties.DestinationConfig ?? {}) as { OnFailure?: { Destination: unknown } }
    return `${readable(Properties.FunctionName)}:${aliasOf(Properties.Qualifier)} ${OnFailure === undefined ? '' : readable(OnFailure.Destination)}`
  })
  expect(told.sort()).toEqual([
    'Compose:ComposeLive FailedEvents.Arn',
    'Plan:PlanLive FailedEvents.Arn',
    'Publish:PublishLive FailedEvents.Arn',
    'Sweep:SweepLive ',
  ])
})

/** The name of an alias is the last part of its ARN. `Ref` of the alias gives the ARN. */
function aliasOf(qualifier: unknown): string {
  const [index, { 'Fn::Split': split }] = (
    qualifier as { 'Fn::Select': [number, { 'Fn::Split': [string, unknown] }] }
  )['Fn::Select']
  expect([index, split[0]]).toEqual([7, ':'])
  return readable(split[1])
}

test('every target of a rule is such a function, and has the queue for events that cannot be delivered', () => {
  const rules = [...resourcesOf(template, 'AWS::Events::Rule')]
  expect(rules.length).toBeGreaterThan(7)
  for (const [id, { Properties }] of rules)
    for (const target of Properties.Targets as { Arn: unknown; DeadLetterConfig?: { Arn: unknown } }[]) {
      expect(
        INVOKED_BY_EVENTS.map((name) => `${name}Live`),
        id,
      ).toContain(readable(target.Arn))
      expect(readable(target.DeadLetterConfig?.Arn), id).toBe('FailedEvents.Arn')
    }
})

test('the queue is encrypted, keeps its messages for the 14 days that SQS allows, and is the only queue', () => {
  const [queue, ...more] = [...resourcesOf(template, 'AWS::SQS::Queue').values()]
  expect(more).toEqual([])
  expect(queue!.Properties).toEqual({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 })
})

test('the queue accepts messages only from its rules and only with TLS, and its policy lets nobody read', () => {
  const [policy, ...more] = [...resourcesOf(template, 'AWS::SQS::QueuePolicy').values()]
  expect(more).toEqual([])
  const { Statement: statements } = policy!.Properties.PolicyDocument as { Statement: Statement[] }
  const denied = statements.filter(({ Effect }) => Effect === 'Deny')
  expect(denied).toMatchObject([
    { Action: 'sqs:*', Principal: { AWS: '*' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
  ])
  const allowed = statements.filter(({ Effect }) => Effect === 'Allow')
  const rules = [...resourcesOf(template, 'AWS::Events::Rule').keys()]
  const sources = allowed.flatMap(({ Condition }) => list(Condition.ArnEquals!['aws:SourceArn']))
  expect(sources.map((source) => readable(source)).sort()).toEqual(rules.map((id) => `${id}.Arn`).sort())
  for (const statement of allowed) {
    expect(statement).toMatchObject({
      Action: 'sqs:SendMessage',
      Principal: { Service: 'events.amazonaws.com' },
    })
    expect(readable(statement.Resource)).toBe('FailedEvents.Arn')
  }
})

test('one message in the queue raises an alarm', () => {
  const { Properties } = resourcesOf(template, 'AWS::CloudWatch::Alarm').get('EventsFailedAlarm')!
  expect(Properties).toMatchObject({
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Statistic: 'Maximum',
    Threshold: 1,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  })
  const [{ Value }] = Properties.Dimensions as [{ Value: unknown }]
  expect(plainId(readable(Value))).toBe('FailedEvents.QueueName')
})
