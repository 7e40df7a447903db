// Makes the dashboard: answers to clients, builds, queues, and alarms.

import { Duration, type Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import {
  Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { type MetricName, metricOf } from '../lib/model/metrics.ts'
import { FAILURE_REASONS } from '../lib/model/probe.ts'
import { FIVE_MINUTES } from './alarm.ts'

interface Shown extends Readonly<Record<'resolve' | 'wait' | 'plan' | 'publish', LambdaFunction>> {
  readonly canary: LambdaFunction | undefined
}

/** Must be called after all alarms are made, because it shows them. */
export function addDashboard(stack: Stack, api: HttpApi, functions: Shown): void {
  const dashboard = new Dashboard(stack, 'Dashboard', { dashboardName: stack.stackName })
  dashboard.addWidgets(
    new TextWidget({
      markdown: `# ${stack.stackName}\nWhat to do when one of these is wrong: docs/operations.md, Runbook.`,
      width: 24,
      height: 2,
    }),
    new AlarmStatusWidget({ title: 'Alarms', alarms: alarmsOf(stack), width: 24, height: 6 }),
  )
  const own = ownIn(stack.stackName)
  dashboard.addWidgets(
    ...whatClientsGet(api, own),
    ...whatIsBuilt(stack.stackName, own),
    ...whatRuns(functions),
    ...(functions.canary === undefined ? [] : [whatTheCanaryFinds(own)]),
  )
}

const alarmsOf = (stack: Stack): Alarm[] =>
  stack.node.findAll().filter((construct): construct is Alarm => construct instanceof Alarm)

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left: [...left], right: [...right], width: 12, height: 6 })

const SUM = { statistic: Stats.SUM, period: FIVE_MINUTES }
const p = (percent: number) => ({ statistic: Stats.percentile(percent), period: FIVE_MINUTES })

/** Makes one of the functions' metrics. Without `dimensionsMap`, it is the total. */
type Own = (
  metricName: MetricName,
  statistic: string,
  more?: { readonly label?: string; readonly dimensionsMap?: Record<string, string> },
) => Metric

const ownIn =
  (namespace: string): Own =>
  (metricName, statistic, more = {}) =>
    new Metric({ namespace, metricName, statistic, period: FIVE_MINUTES, ...more })

const whatClientsGet = (api: HttpApi, own: Own) => [
  graph('Probes asked for: there, and being built', [own('Hits', Stats.SUM), own('Misses', Stats.SUM)]),
  graph('Requests', [api.metricCount(SUM)], [api.metricClientError(SUM), api.metricServerError(SUM)]),
  graph('Milliseconds of an answer, those who wait included', [
    api.metricLatency({ ...p(50), label: 'p50' }),
    api.metricLatency({ ...p(99), label: 'p99' }),
  ]),
]

const whatTheCanaryFinds = (own: Own): GraphWidget =>
  graph(
    'Canary: good (1) or not (0), and milliseconds',
    [own('CanaryGood', Stats.MINIMUM)],
    [own('CanaryMilliseconds', Stats.MAXIMUM)],
  )

/** Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
const byTarget = (namespace: string): IMetric =>
  new MathExpression({
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
    [own('BuildSeconds', Stats.SAMPLE_COUNT, { label: 'published' })],
  ),
  graph('Builds: seconds by target, p90', [byTarget(namespace)]),
  graph(
    'Failures by reason',
    FAILURE_REASONS.map((Reason) =>
      own('BuildsFailed', Stats.SUM, { label: Reason, dimensionsMap: { Reason } }),
    ),
  ),
  graph('Queue', [own('QueueLength', Stats.MAXIMUM), own('BuildsRunning', Stats.MAXIMUM)]),
]

/** Each execution of Wait serves one client, so their number is that of the waiting clients. */
function whatRuns({ resolve, wait, plan, publish }: Shown): GraphWidget[] {
  const minute = { period: Duration.minutes(1) }
  return [
    graph('Clients that wait', [
      wait.metric('ConcurrentExecutions', { ...minute, statistic: Stats.MAXIMUM, label: 'waiting' }),
    ]),
    graph('Milliseconds of Resolve', [
      resolve.metricDuration({ ...p(50), label: 'p50' }),
      resolve.metricDuration({ ...p(99), label: 'p99' }),
    ]),
    graph(
      'Errors of functions',
      [resolve, wait, plan, publish].map((fn) => fn.metricErrors(SUM)),
      [resolve, wait, plan, publish].map((fn) => fn.metricThrottles(SUM)),
    ),
  ]
}
