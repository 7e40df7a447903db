// The canary in the stack: off unless a probe is named, and then it asks where hosts ask.

import { beforeAll, describe, expect, test } from 'vitest'
import { CANARY_PROBE, withCanary } from '../support/cdk/canary.ts'
import { behindEdge } from '../support/cdk/edge.ts'
import { readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555'

const canaryOf = (template: Template) =>
  resourcesOf(template, 'AWS::Lambda::Function').get('Canary')?.Properties
function urlOf(settings: unknown): string {
  const { Environment } = canaryOf(synthesis(settings, true).template)!
  return readable((Environment as { Variables: Record<string, unknown> }).Variables.REGISTRY_URL)
}

test('without a probe in the settings there is none, and no alarm of it', () => {
  const { template } = synthesis(undefined, true)
  expect(canaryOf(template)).toBeUndefined()
  expect(Object.keys(template.Resources).filter((id) => id.startsWith('Canary'))).toEqual([])
})

test('what is no path of a probe is refused, and so is a time that is shorter than its patience', () => {
  const refused = (canary: object) => () => synthesis({ cloud: { canary } }, true)
  for (const probe of [
    '/driver/x.txt',
    '/v1/probes',
    'https://probes.example.org/driver/x.ko',
    '/driver/a?b.ko',
  ])
    expect(refused({ probe })).toThrow(/cloud\.canary\.probe: is not the path of a probe/)
  expect(refused({ probe: CANARY_PROBE, everyMinutes: 2 })).toThrow(/cloud\.canary\.everyMinutes: /)
})

describe('with one', () => {
  let template: Template
  beforeAll(() => {
    template = synthesis(withCanary({ everyMinutes: 7 })).template
  })

  test('it is invoked as often as they say, and ends before it is invoked again', () => {
    const { ScheduleExpression, Targets } = resourcesOf(template, 'AWS::Events::Rule').get(
      'CanaryRuns',
    )!.Properties
    expect(ScheduleExpression).toBe('rate(7 minutes)')
    expect((Targets as { Arn: unknown }[]).map(({ Arn }) => readable(Arn))).toEqual(['CanaryLive'])
    expect(canaryOf(template)?.Timeout).toBeLessThan(3 * 60)
  })

  test('its alarm rings after two bad runs or where it tells nothing more, and at no first deployment', () => {
    const alarm = resourcesOf(template, 'AWS::CloudWatch::Alarm').get('CanaryAlarm')!.Properties
    expect(alarm).toMatchObject({
      ...{ Namespace: 'ProbeRegistry', MetricName: 'CanaryGood', Statistic: 'Maximum' },
      ...{ Threshold: 1, ComparisonOperator: 'LessThanThreshold', EvaluationPeriods: 2, Period: 420 },
      // It begins as "insufficient data", and what falls back to that rings.
      TreatMissingData: 'missing',
      AlarmDescription: expect.stringMatching(/#the-canary-finds-no-good-probe$/),
    })
    const told = [alarm.AlarmActions, alarm.InsufficientDataActions] as unknown[][]
    expect(told.map((actions) => actions.map(readable))).toEqual([['AlarmTopic'], ['AlarmTopic']])
  })

  test('its function and its log are told among the others', () => {
    const { CanaryFunction, CanaryLogGroup } = template.Outputs
    expect([CanaryFunction, CanaryLogGroup].map((one) => readable(one!.Value))).toEqual([
      'Canary',
      'CanaryLog',
    ])
  })
})

test('it asks where hosts ask: the API, its domain, or the distribution before it', () => {
  const { canary } = withCanary().cloud
  const domain = { name: 'probes.example.org', certificateArn: CERTIFICATE }
  expect(urlOf(withCanary())).toBe('Api.ApiEndpoint')
  expect(urlOf({ cloud: { canary, ...behindEdge().cloud } })).toBe('https://Edge.DomainName')
  // Of a domain one machine has none.
  const { template } = synthesis({ cloud: { canary, deployment: { region: 'eu-central-1', domain } } })
  const { Environment } = canaryOf(template)!
  expect((Environment as { Variables: object }).Variables).toMatchObject({
    REGISTRY_URL: 'https://probes.example.org',
  })
})
