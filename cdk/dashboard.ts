// Makes the dashboard: answers to clients, builds, queues, and alarms.

import { Duration, type Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { type MetricName, metricOf } from '../lib/model/metrics.ts'
import { FAILURE_REASONS } from '../lib/model/probe.ts'
import { FIVE_MINUTES, SUM } from './alarm.ts'

interface Shown extends Readonly<Record<'resolve' | 'wait' | 'plan' | 'publish', LambdaFunction>> {
  readonly canary: LambdaFunction | undefined
}

/** Must be called after all alarms are made, because it shows them. */
export function addDashboard(stack: Stack, api: HttpApi, functions: Shown): void {
  const dashboard = new cloudwatch.Dashboard(stack, 'Dashboard', { dashboardName: stack.stackName })
  dashboard.addWidgets(
    new cloudwatch.TextWidget({
      markdown: `# ${stack.stackName}\nWhat to do when one of these is wrong: docs/operations.md, Runbook.`,
      width: 24,
      height: 2,
    }),
    new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: alarmsOf(stack), width: 24, height: 6 }),
  )
  const own = ownIn(stack.stackName)
  dashboard.addWidgets(
    ...whatClientsGet(api, own),
    ...whatIsBuilt(stack.stackName, own),
    ...whatRuns(functions),
    ...(functions.canary === undefined ? [] : [whatTheCanaryFinds(own)]),
  )
}

const alarmsOf = (stack: Stack): cloudwatch.Alarm[] =>
  stack.node.findAll().filter((construct) => construct instanceof cloudwatch.Alarm)

const graph = (title: string, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []) =>
  new cloudwatch.GraphWidget({ title, left, right, width: 12, height: 6 })

/** Shows the median and the 99th percentile of a metric. */
const percentiles = (title: string, metric: (options: cloudwatch.MetricOptions) => cloudwatch.Metric) =>
  graph(
    title,
    ['p50', 'p99'].map((label) => metric({ statistic: label, period: FIVE_MINUTES, label })),
  )

/** Makes the functions' own metrics. Without `dimensionsMap`, a metric is the total. */
const ownIn =
  (namespace: string) => (metricName: MetricName, statistic: string, more?: cloudwatch.MetricOptions) =>
    new cloudwatch.Metric({ namespace, metricName, statistic, period: FIVE_MINUTES, ...more })
type Own = ReturnType<typeof ownIn>

const whatClientsGet = (api: HttpApi, own: Own) => [
  graph('Probes asked for: there, and being built', [
    own('Hits', cloudwatch.Stats.SUM),
    own('Misses', cloudwatch.Stats.SUM),
  ]),
  graph('Requests', [api.metricCount(SUM)], [api.metricClientError(SUM), api.metricServerError(SUM)]),
  percentiles('Milliseconds of an answer, those who wait included', (options) => api.metricLatency(options)),
]

const whatTheCanaryFinds = (own: Own) =>
  graph(
    'Canary: good (1) or not (0), and milliseconds',
    [own('CanaryGood', cloudwatch.Stats.MINIMUM)],
    [own('CanaryMilliseconds', cloudwatch.Stats.MAXIMUM)],
  )

/** Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
const byTarget = (namespace: string) =>
  new cloudwatch.MathExpression({
    expression: `SEARCH('{"${namespace}",${metricOf('BuildSeconds').by}} MetricName="BuildSeconds"', 'p90', 300)`,
    usingMetrics: {},
    label: '',
    period: FIVE_MINUTES,
  })

const whatIsBuilt = (namespace: string, own: Own) => [
  graph(
    'Builds: seconds, and how many',
    [
      own('BuildSeconds', 'p50', { label: 'seconds, p50' }),
      own('BuildSeconds', 'p90', { label: 'seconds, p90' }),
    ],
    [own('BuildSeconds', cloudwatch.Stats.SAMPLE_COUNT, { label: 'published' })],
  ),
  graph('Builds: seconds by target, p90', [byTarget(namespace)]),
  graph(
    'Failures by reason',
    FAILURE_REASONS.map((Reason) =>
      own('BuildsFailed', cloudwatch.Stats.SUM, { label: Reason, dimensionsMap: { Reason } }),
    ),
  ),
  graph('Queue', [
    own('QueueLength', cloudwatch.Stats.MAXIMUM),
    own('BuildsRunning', cloudwatch.Stats.MAXIMUM),
  ]),
]

/** Each execution of Wait serves one client, so their number is that of the waiting clients. */
function whatRuns({ resolve, wait, plan, publish }: Shown): cloudwatch.GraphWidget[] {
  const waiting = { period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM, label: 'waiting' }
  return [
    graph('Clients that wait', [wait.metric('ConcurrentExecutions', waiting)]),
    percentiles('Milliseconds of Resolve', (options) => resolve.metricDuration(options)),
    graph(
      'Errors of functions',
      [resolve, wait, plan, publish].map((fn) => fn.metricErrors(SUM)),
      [resolve, wait, plan, publish].map((fn) => fn.metricThrottles(SUM)),
    ),
  ]
}
