// The dashboard shows only metrics that something measures, and every alarm.

import { beforeAll, expect, test } from 'vitest'
import { METRICS, type MetricName, metricOf } from '../../lib/model/metrics.ts'
import { FAILURE_REASONS } from '../../lib/model/probe.ts'
import { withCanary } from '../support/cdk/canary.ts'
import { plainId, readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
 */
const OF_AWS: Readonly<Record<string, { readonly dimension: string; readonly metrics: readonly string[] }>> =
  {
    'AWS/Lambda': {
      dimension: 'FunctionName',
      metrics: ['ConcurrentExecutions', 'Duration', 'Errors', 'Invocations', 'Throttles'],
    },
    'AWS/ApiGateway': {
      dimension: 'ApiId',
      metrics: ['4xx', '5xx', 'Count', 'IntegrationLatency', 'Latency'],
    },
  }

interface Widget {
  readonly type: string
  readonly properties: {
    readonly title?: string
    readonly alarms?: readonly string[]
    readonly metrics?: readonly (readonly unknown[])[]
  }
}

/** The default namespace of the stack. */
const NAMESPACE = 'ProbeRegistry'

let template: Template
let widgets: readonly Widget[]
beforeAll(() => {
  template = synthesis(withCanary(), true).template
  const { DashboardBody } = resourcesOf(template, 'AWS::CloudWatch::Dashboard').get('Dashboard')!.Properties
  widgets = (JSON.parse(readable(DashboardBody)) as { widgets: Widget[] }).widgets
})

const metrics = () => widgets.flatMap(({ properties }) => properties.metrics ?? [])
/** A metric is a list of texts and its drawing options. */
const plain = () =>
  metrics().flatMap((one) =>
    typeof one[0] === 'string' ? [one.filter((part) => typeof part === 'string')] : [],
  )

test('every metric that it shows is measured by a function or by AWS', () => {
  expect(plain().length).toBeGreaterThan(20)
  for (const [namespace = '', name = '', dimension, ...rest] of plain()) {
    if (namespace === NAMESPACE) {
      expect(Object.keys(METRICS)).toContain(name)
      if (dimension === undefined) continue
      expect([name, dimension]).toEqual([name, metricOf(name as MetricName).by])
      expect(FAILURE_REASONS).toContain(rest[0])
    } else {
      const known = OF_AWS[namespace]
      expect(known?.metrics, namespace).toContain(name)
      expect(dimension, name).toBe(known?.dimension)
    }
  }
})

test('every metric that it searches for is measured too', () => {
  const expressions = metrics().flatMap(([first]) =>
    typeof first === 'object' && first !== null && 'expression' in first ? [String(first.expression)] : [],
  )
  expect(expressions).toHaveLength(1)
  for (const expression of expressions) {
    const [, namespace, dimension, name] =
      /^SEARCH\('\{"(\w+)",(\w+)\} MetricName="(\w+)"'/.exec(expression) ?? []
    expect(namespace).toBe(NAMESPACE)
    expect(metricOf(name as MetricName)?.by).toBe(dimension)
  }
})

test('it shows every metric that the functions measure', () => {
  const shown = new Set(plain().flatMap(([namespace, name]) => (namespace === NAMESPACE ? [name] : [])))
  expect([...shown].sort()).toEqual(Object.keys(METRICS).sort())
})

test('it shows every alarm', () => {
  const shown = widgets.flatMap(({ properties }) => properties.alarms ?? [])
  const alarms = [...resourcesOf(template, 'AWS::CloudWatch::Alarm').keys()]
  expect(shown.map((arn) => plainId(arn.replace(/\.Arn$/, ''))).sort()).toEqual(alarms.sort())
})

test('the functions that measure get the namespace that it shows', () => {
  const told = [...resourcesOf(template, 'AWS::Lambda::Function')].flatMap(([id, { Properties }]) => {
    const { Variables } = Properties.Environment as { Variables: Record<string, string> }
    return Variables.METRICS_NAMESPACE === NAMESPACE ? [id] : []
  })
  expect(told.sort()).toEqual(['Canary', 'Plan', 'Publish', 'Resolve', 'Sweep'])
})
