// Makes all alarms of the deployed stack.

import { Duration, Fn } from 'aws-cdk-lib'
import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation, type Table } from 'aws-cdk-lib/aws-dynamodb'
import type { EventBus, Rule } from 'aws-cdk-lib/aws-events'
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { FilterPattern, type IFilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { MetricName } from '../lib/model/metrics.ts'
import { ANSWERING } from '../lib/names/routes.ts'
import { type Alarms, FIVE_MINUTES, SUM, type Trouble } from './alarm.ts'
import { type FunctionName, HANDLING } from './bundle.ts'
import { capitalized } from './function.ts'

/** Counts the matching lines of a log. */
function logMetric(scope: Construct, logGroup: ILogGroup, id: string, filterPattern: IFilterPattern): Metric {
  const metricNamespace = logGroup.stack.stackName
  return new MetricFilter(scope, id, { logGroup, filterPattern, metricNamespace, metricName: id }).metric(SUM)
}

/**
 * The function that makes the signing key needs no alarm, because its failure fails the deployment. The canary has its own alarm,
 * which also rings when the canary is silent.
 */
type Watched = Exclude<FunctionName, 'signing-key' | 'canary'>

const MEANING: Readonly<Record<Watched, Pick<Trouble, 'impact' | 'runbook'>>> = {
  resolve: { impact: 'Clients get errors instead of probes, published ones included.', runbook: 'hits' },
  wait: {
    impact: 'Clients whose probe is being built get errors; published probes are served.',
    runbook: 'waits',
  },
  direct: {
    impact: 'Clients from before May 2020 get errors instead of probes; newer ones are served.',
    runbook: 'waits',
  },
  submit: {
    impact: 'Hosts cannot submit their kernels; probes of known ones are served and built.',
    runbook: 'submissions',
  },
  v1: {
    impact: 'Lists and states of probes are not answered; probes are served and built.',
    runbook: 'submissions',
  },
  plan: { impact: 'Missing probes are not built; published ones are served.', runbook: 'plans' },
  compose: {
    impact: 'Probes that need a build root of a new compiler, or of new packages, are not built.',
    runbook: 'roots',
  },
  publish: { impact: 'Builds end but their probes are not served.', runbook: 'publishing' },
  sweep: {
    impact: 'Probes whose build was lost stay missing until their claim is freed.',
    runbook: 'sweeping',
  },
}

/** Returns the alarms for errors. The metrics of a function include all of its versions and its alias. */
export function watchFunctions(
  alarm: Alarms,
  functions: Readonly<Record<Watched, LambdaFunction>>,
): ReadonlyMap<IFunction, Alarm> {
  const errors = new Map<IFunction, Alarm>()
  for (const name of [...ANSWERING, ...HANDLING]) {
    const [fn, meaning, id] = [functions[name], MEANING[name], capitalized(name)]
    errors.set(fn, alarm(`${id}Errors`, { metric: fn.metricErrors(SUM), atLeast: 3, ...meaning }))
    alarm(`${id}Throttles`, { metric: fn.metricThrottles(SUM), periods: 3, ...meaning })
  }
  // After the last retry, only the sweep handles the probe again, minutes later.
  for (const name of ['plan', 'publish'] as const)
    alarm(`${capitalized(name)}Dropped`, {
      metric: functions[name].metric('AsyncEventsDropped', SUM),
      ...MEANING[name],
    })
  alarm('ResolveSlow', {
    metric: functions.resolve.metricDuration({ period: FIVE_MINUTES, statistic: 'p99' }),
    atLeast: 1000,
    periods: 3,
    impact: 'One hit in a hundred takes over a second; hosts start without their probe later.',
    runbook: 'hits',
  })
  alarm('SweepStopped', {
    metric: functions.sweep.metricInvocations(SUM),
    ...{ whenSilent: true, periods: 2 },
    ...MEANING.sweep,
  })
  return errors
}

/**
 * Matches lines by a regular expression. Throws if CloudWatch does not allow one of its characters:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function lineLike(expression: string): IFilterPattern {
  const unknown = expression.match(/[^A-Za-z0-9:_#=@/;,^$?[\]{}|\\*+.-]/)
  if (unknown === null) return FilterPattern.literal(`%${expression}%`)
  throw new Error(`CloudWatch allows no ${unknown[0]} in the pattern ${expression}`)
}

/** Does not count 503, which asks clients to come back while their probe is built. */
export function watchApi(alarm: Alarms, accessLog: ILogGroup): Alarm {
  // A line begins with {"status":"500" (api.ts).
  const metric = logMetric(accessLog, accessLog, 'ServerErrors', lineLike('^..status...5[0-9][0-24-9]'))
  return alarm('ServerErrors', { metric, atLeast: 5, ...MEANING.resolve })
}

/**
 * Counts broken builds by the reasons in publish's log. Submitted kernels bring code into their builds, so anyone can break them.
 * Therefore a few of their failures must not ring the alarm.
 */
export function watchBuilds(alarm: Alarms, publishLog: ILogGroup): void {
  const broken = (id: string, condition: string) => {
    const pattern = FilterPattern.literal(`{ ($.message.reason = "build-broken") && (${condition}) }`)
    return logMetric(publishLog.stack, publishLog, id, pattern)
  }
  alarm('BuildsBroken', {
    metric: broken('BuildsBroken', '$.message.key != "config/*"'),
    impact: 'The tools that builds run are broken: missing probes are not built, published ones are served.',
    runbook: 'building',
  })
  alarm('SubmittedBuildsBroken', {
    metric: broken('SubmittedBuildsBroken', '$.message.key = "config/*"'),
    atLeast: 10,
    impact: 'Hosts that submit their kernels get no probes: the tools are broken, or somebody breaks builds.',
    runbook: 'building',
  })
}

/** Rings for signing keys that end within 60 days. A plan logs each such key of its target's archive once. */
export function watchKeys(alarm: Alarms, planLog: ILogGroup): void {
  const pattern = FilterPattern.literal('{ $.message.event = "key ends soon" }')
  alarm('KeyEndsSoon', {
    metric: logMetric(planLog.stack, planLog, 'KeyEndsSoon', pattern),
    impact:
      'In some weeks new packages of a distribution are not trusted: its missing probes will not be built.',
    runbook: 'keys',
  })
}

/**
 * The reference of a rule on a custom bus is `bus|rule`, but metrics use only `rule`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
 */
const nameOf = ({ ruleName }: Rule): string => Fn.select(1, Fn.split('|', ruleName))

/** Counts `ProbeOverdue`, which the sweep sends for each claim whose end event is missing. */
export function watchClaims(alarm: Alarms, bus: EventBus, overdue: Rule): void {
  alarm('Overdue', {
    metric: new Metric({
      namespace: 'AWS/Events',
      metricName: 'TriggeredRules',
      dimensionsMap: { EventBusName: bus.eventBusName, RuleName: nameOf(overdue) },
      ...SUM,
    }),
    atLeast: 10,
    periods: 3,
    impact: 'Many builds end without an event: their clients wait in vain and must try again.',
    runbook: 'publishing',
  })
}

export function watchTables(alarm: Alarms, tables: Readonly<Record<string, Table>>): void {
  const { GET_ITEM, UPDATE_ITEM, PUT_ITEM, QUERY, SCAN } = Operation
  const options = { operations: [GET_ITEM, UPDATE_ITEM, PUT_ITEM, QUERY, SCAN], period: FIVE_MINUTES }
  for (const [name, table] of Object.entries(tables)) {
    const id = `${capitalized(name)}Table`
    const common = {
      periods: 3,
      impact: `The table of ${name} throttles or fails: requests for probes fail or are slow.`,
      runbook: 'tables',
    } as const
    alarm(`${id}Throttles`, { metric: table.metricThrottledRequestsForOperations(options), ...common })
    alarm(`${id}Errors`, { metric: table.metricSystemErrorsForOperations(options), ...common })
  }
}

/** Rings until the queue is empty, because an operator must replay or delete each event. */
export function watchFailures(alarm: Alarms, failed: Queue): void {
  alarm('EventsFailed', {
    metric: failed.metricApproximateNumberOfMessagesVisible({ ...SUM, statistic: Stats.MAXIMUM }),
    impact:
      'A step of a probe was given up after its last retry: it is built or published later, or not at all.',
    runbook: 'failures',
  })
}

/**
 * Rings after two bad runs in a row. A late run may leave a period without data, and the next period then has two runs, of which
 * the better counts.
 */
export function watchCanary(alarm: Alarms, namespace: string, everyMinutes: number): void {
  alarm('Canary', {
    metric: new Metric({
      ...{ namespace, metricName: 'CanaryGood' satisfies MetricName },
      ...{ period: Duration.minutes(everyMinutes), statistic: Stats.MAXIMUM },
    }),
    ...{ whenSilent: true, below: 1, periods: 2 },
    impact: 'A known probe is missing, or does not match its signature: hosts may get none of theirs.',
    runbook: 'canary',
  })
}
