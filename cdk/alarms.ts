// What can go wrong in the deployed stack, each with its alarm: the impact, and the way out.

import { Duration, Fn } from 'aws-cdk-lib'
import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation, type Table } from 'aws-cdk-lib/aws-dynamodb'
import type { EventBus, Rule } from 'aws-cdk-lib/aws-events'
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import {
  FilterPattern,
  type IFilterPattern,
  type ILogGroup,
  type LogGroup,
  MetricFilter,
} from 'aws-cdk-lib/aws-logs'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { MetricName } from '../lib/model/metrics.ts'
import { type Alarms, FIVE_MINUTES, type Trouble } from './alarm.ts'
import type { FunctionName } from './bundle.ts'

const SUM = { period: FIVE_MINUTES, statistic: Stats.SUM }

/**
 * No alarm for the signing key's maker: it runs in a deployment, which fails with it. The canary has one of its own, that
 * hears when it tells nothing.
 */
type Watched = Exclude<FunctionName, 'signing-key' | 'canary'>
type Meaning = Pick<Trouble, 'impact' | 'runbook'>

const MEANING: Readonly<Record<Watched, Meaning>> = {
  resolve: { impact: 'Clients get errors instead of probes, published ones included.', runbook: 'hits' },
  wait: {
    impact: 'Clients whose probe is being built get errors; published probes are served.',
    runbook: 'waits',
  },
  direct: {
    impact: 'Clients of before May 2020 get errors instead of probes; newer ones are served.',
    runbook: 'waits',
  },
  submit: {
    impact: 'Hosts cannot submit their kernels; probes of known ones are served and built.',
    runbook: 'submissions',
  },
  v1: {
    impact: 'Lists of probes, and what is known of one, are not answered; probes are served and built.',
    runbook: 'submissions',
  },
  plan: { impact: 'Missing probes are not built; published ones are served.', runbook: 'plans' },
  compose: {
    impact: 'Probes that want a build root of a new compiler, or of a new list of packages, are not built.',
    runbook: 'roots',
  },
  publish: { impact: 'Builds end but their probes are not served.', runbook: 'publishing' },
  sweep: {
    impact: 'Probes whose build was lost stay missing until their claim is freed.',
    runbook: 'sweeping',
  },
}

/** Gives those of errors. A function's metrics count all of its versions, and what comes by its alias. */
export function watchFunctions(
  alarm: Alarms,
  functions: Readonly<Record<Watched, LambdaFunction>>,
): ReadonlyMap<IFunction, Alarm> {
  const errors = new Map<IFunction, Alarm>()
  for (const [name, meaning] of Object.entries(MEANING) as [Watched, Meaning][]) {
    const fn = functions[name]
    const id = `${name[0]!.toUpperCase()}${name.slice(1)}`
    errors.set(fn, alarm(`${id}Errors`, { metric: fn.metricErrors(SUM), atLeast: 3, ...meaning }))
    alarm(`${id}Throttles`, { metric: fn.metricThrottles(SUM), atLeast: 1, periods: 3, ...meaning })
  }
  // After its last retry: nothing but the sweep, minutes later, will take the probe up again.
  for (const name of ['plan', 'publish'] as const) {
    alarm(name === 'plan' ? 'PlanDropped' : 'PublishDropped', {
      metric: functions[name].metric('AsyncEventsDropped', SUM),
      ...MEANING[name],
    })
  }
  alarm('ResolveSlow', {
    metric: functions.resolve.metricDuration({ period: FIVE_MINUTES, statistic: 'p99' }),
    atLeast: 1000,
    periods: 3,
    impact: 'One hit in a hundred takes over a second; hosts start without their probe later.',
    runbook: 'hits',
  })
  alarm('SweepStopped', {
    metric: functions.sweep.metricInvocations(SUM),
    whenSilent: true,
    periods: 2,
    ...MEANING.sweep,
  })
  return errors
}

/**
 * Lines that this regular expression is found in. Throws on what CloudWatch takes no pattern with:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function lineLike(expression: string): IFilterPattern {
  const unknown = expression.match(/[^A-Za-z0-9:_#=@/;,^$?[\]{}|\\*+.-]/)
  if (unknown === null) return FilterPattern.literal(`%${expression}%`)
  throw new Error(`CloudWatch knows no ${unknown[0]} in the pattern ${expression}`)
}

/** 503 is how a client is told to come back while its probe is built: it is no error. */
export function watchApi(alarm: Alarms, accessLog: LogGroup): Alarm {
  const filter = new MetricFilter(accessLog, 'ServerErrors', {
    logGroup: accessLog,
    // The first characters of a line: {"status":"500" (api.ts).
    filterPattern: lineLike('^..status...5[0-9][0-24-9]'),
    metricNamespace: accessLog.stack.stackName,
    metricName: 'ServerErrors',
  })
  return alarm('ServerErrors', { metric: filter.metric(SUM), atLeast: 5, ...MEANING.resolve })
}

/**
 * Publish logs each failed build with its reason. A kernel that a host submitted brings code into its build: one of
 * those alone alarms nobody, or any stranger could.
 */
export function watchBuilds(alarm: Alarms, publishLog: ILogGroup): void {
  const broken = (id: string, condition: string) =>
    new MetricFilter(publishLog.stack, id, {
      logGroup: publishLog,
      filterPattern: FilterPattern.literal(`{ ($.message.reason = "build-broken") && (${condition}) }`),
      metricNamespace: publishLog.stack.stackName,
      metricName: id,
    }).metric(SUM)
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

/** A plan tells once of each key that its target's archive signs by, and that ends within 60 days. */
export function watchKeys(alarm: Alarms, planLog: ILogGroup): void {
  const filter = new MetricFilter(planLog.stack, 'KeyEndsSoon', {
    logGroup: planLog,
    filterPattern: FilterPattern.literal('{ $.message.event = "key ends soon" }'),
    metricNamespace: planLog.stack.stackName,
    metricName: 'KeyEndsSoon',
  })
  alarm('KeyEndsSoon', {
    metric: filter.metric(SUM),
    impact: 'In some weeks nothing new of a distribution is believed: its missing probes will not be built.',
    runbook: 'keys',
  })
}

/**
 * What a rule on a bus of its own is referred to by is `bus|rule`; a metric knows it as `rule`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
 */
const nameOf = ({ ruleName }: Rule): string => Fn.select(1, Fn.split('|', ruleName))

/** The sweep tells `ProbeOverdue` for each claim whose end never came. */
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
    impact: 'Many builds end without a word: their clients wait in vain and must ask again.',
    runbook: 'publishing',
  })
}

export function watchTables(alarm: Alarms, tables: Readonly<Record<string, Table>>): void {
  const operations = [
    ...[Operation.GET_ITEM, Operation.UPDATE_ITEM, Operation.PUT_ITEM],
    ...[Operation.QUERY, Operation.SCAN],
  ]
  for (const [name, table] of Object.entries(tables)) {
    const id = `${name[0]!.toUpperCase()}${name.slice(1)}Table`
    const meaning: Meaning = {
      impact: `The table of ${name} refuses reads or writes: requests for probes fail or are slow.`,
      runbook: 'tables',
    }
    const options = { operations, period: FIVE_MINUTES }
    alarm(`${id}Throttles`, {
      metric: table.metricThrottledRequestsForOperations(options),
      periods: 3,
      ...meaning,
    })
    alarm(`${id}Errors`, { metric: table.metricSystemErrorsForOperations(options), periods: 3, ...meaning })
  }
}

/** Rings until the queue is empty: by then an operator has sent each event again, or forgotten it. */
export function watchFailures(alarm: Alarms, failed: Queue): void {
  alarm('EventsFailed', {
    metric: failed.metricApproximateNumberOfMessagesVisible({
      period: FIVE_MINUTES,
      statistic: Stats.MAXIMUM,
    }),
    impact:
      'A step of a probe was given up after its last retry: it is built or published later, or not at all.',
    runbook: 'failures',
  })
}

/** Two runs in a row: a period that one came too late for is passed over, and one with two is as good as its better. */
export function watchCanary(alarm: Alarms, namespace: string, everyMinutes: number): void {
  alarm('Canary', {
    metric: new Metric({
      ...{ namespace, metricName: 'CanaryGood' satisfies MetricName },
      ...{ period: Duration.minutes(everyMinutes), statistic: Stats.MAXIMUM },
    }),
    ...{ whenSilent: true, below: 1, periods: 2 },
    impact: 'A known probe does not come, or is not what is signed: hosts may get none of theirs.',
    runbook: 'canary',
  })
}
