// Tests the canary in the stack: it is off unless the settings name a probe, and it uses the same address as hosts.

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

test('without a probe in the settings there is no canary and no alarm of it', () => {
  const { template } = synthesis(undefined, true)
  expect(canaryOf(template)).toBeUndefined()
  expect(Object.keys(template.Resources).filter((id) => id.startsWith('Canary'))).toEqual([])
})

test('refuses a path that is not the path of a probe, and an interval of two minutes', () => {
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

describe('with a canary', () => {
  let template: Template
  beforeAll(() => {
    template = synthesis(withCanary({ everyMinutes: 7 })).template
  })

  test('it runs as often as the settings demand, and ends before it runs again', () => {
    const { ScheduleExpression, Targets } = resourcesOf(template, 'AWS::Events::Rule').get(
      'CanaryRuns',
    )!.Properties
    expect(ScheduleExpression).toBe('rate(7 minutes)')
    expect((Targets as { Arn: unknown }[]).map(({ Arn }) => readable(Arn))).toEqual(['CanaryLive'])
    expect(canaryOf(template)?.Timeout).toBeLessThan(3 * 60)
  })

  test('its alarm rings after two bad runs or if it stops measuring, but not at a first deployment', () => {
    const alarm = resourcesOf(template, 'AWS::CloudWatch::Alarm').get('CanaryAlarm')!.Properties
    expect(alarm).toMatchObject({
      ...{ Namespace: 'ProbeRegistry', MetricName: 'CanaryGood', Statistic: 'Maximum' },
      ...{ Threshold: 1, ComparisonOperator: 'LessThanThreshold', EvaluationPeriods: 2, Period: 420 },
      // The alarm begins as "insufficient data". It rings if it changes back to that state.
      TreatMissingData: 'missing',
      AlarmDescription: expect.stringMatching(/#the-canary-finds-no-good-probe$/),
    })
    const told = [alarm.AlarmActions, alarm.InsufficientDataActions] as unknown[][]
    expect(told.map((actions) => actions.map(readable))).toEqual([['AlarmTopic'], ['AlarmTopic']])
  })

  test("the stack's outputs name its function and its log", () => {
    const { CanaryFunction, CanaryLogGroup } = template.Outputs
    expect([CanaryFunction, CanaryLogGroup].map((one) => readable(one!.Value))).toEqual([
      'Canary',
      'CanaryLog',
    ])
  })
})

test('the canary uses the same address as hosts: the API, its domain, or the distribution', () => {
  const { canary } = withCanary().cloud
  const domain = { name: 'probes.example.org', certificateArn: CERTIFICATE }
  expect(urlOf(withCanary())).toBe('Api.ApiEndpoint')
  expect(urlOf({ cloud: { canary, ...behindEdge().cloud } })).toBe('https://Edge.DomainName')
  // The template of the local stack has no domain.
  const { template } = synthesis({ cloud: { canary, deployment: { region: 'eu-central-1', domain } } })
  const { Environment } = canaryOf(template)!
  expect((Environment as { Variables: object }).Variables).toMatchObject({
    REGISTRY_URL: 'https://probes.example.org',
  })
})
