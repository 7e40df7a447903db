// Estimates the cost of a deployed registry: per million hits, per build, and per idle month. Each line
// explains its parts.

import { PRICES } from '../../lib/model/prices.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { STACK } from './stack.ts'

/** Values that only the operator can know; the defaults are guesses. */
export interface Assumed {
  /** billed milliseconds of the function that answers a hit */
  readonly hitMilliseconds: number
  /** duration of a build on its machine */
  readonly buildSeconds: number
  /** size of a probe */
  readonly probeMegabytes: number
}

export const ASSUMED: Assumed = { hitMilliseconds: 10, buildSeconds: 60, probeMegabytes: 0.8 }

export interface Line {
  readonly what: string
  readonly dollars: number
}
export interface Section {
  readonly title: string
  readonly lines: readonly Line[]
  /** costs that the sum does not include */
  readonly apart: readonly Line[]
}

const MILLION = 1_000_000

/** Dollars of one call that takes `seconds`. */
const computing = (megabytes: number, seconds: number): number =>
  (megabytes / 1024) * seconds * PRICES.lambda.gigabyteSecondArm64

const count = (n: number): string => n.toLocaleString('en-US')

export function hits(
  { cloud: { edge } }: Pick<Settings, 'cloud'>,
  { hitMilliseconds: milliseconds, probeMegabytes: megabytes }: Assumed,
): Section {
  const { resolve } = STACK.megabytes
  const { accessLine, functionLines } = STACK.logBytes
  const seconds = Math.ceil(milliseconds) / 1000
  const logged = (accessLine + functionLines) / 1e9
  const gigabytes = (MILLION * megabytes) / 1000
  return {
    title: 'a million hits',
    lines: [
      { what: `${count(MILLION)} requests of the HTTP API`, dollars: MILLION * PRICES.httpApi.request },
      { what: `${count(MILLION)} calls of Resolve`, dollars: MILLION * PRICES.lambda.request },
      {
        what: `its GB-seconds: ${milliseconds} ms of ${resolve} MB each`,
        dollars: MILLION * computing(resolve, seconds),
      },
      {
        what: `${count(MILLION)} reads of DynamoDB, half a unit each`,
        dollars: (MILLION * PRICES.dynamoDb.readUnit) / 2,
      },
      ...(edge.distribution === undefined
        ? [{ what: `${count(MILLION)} GETs of S3, by the clients`, dollars: MILLION * PRICES.s3.get }]
        : [
            {
              what: `${count(MILLION)} GETs of S3 at most, by edges that do not have the bytes yet`,
              dollars: MILLION * PRICES.s3.get,
            },
          ]),
      ...edgeOf(edge),
      {
        what: `logs: ${accessLine} bytes of access and ${functionLines} of Resolve's each`,
        dollars: MILLION * logged * PRICES.cloudWatch.logGigabyte,
      },
    ],
    apart: [
      edge.distribution === undefined
        ? {
            what: `their bytes: ${megabytes} MB each, ${count(gigabytes)} GB out to the internet (nothing within the region)`,
            dollars: gigabytes * PRICES.egress.gigabyte,
          }
        : {
            what: `their bytes: ${megabytes} MB each, ${count(gigabytes)} GB out of CloudFront`,
            dollars: gigabytes * PRICES.cloudFront.gigabyte,
          },
    ],
  }
}

/**
 * Cost of the edge without its firewall. If the distribution serves the bytes, each hit is two requests, and
 * the second one calls a function.
 */
function edgeOf({ webAcl, distribution }: Settings['cloud']['edge']): Line[] {
  if (webAcl === undefined) return []
  const { request, call } = PRICES.cloudFront
  const requests = distribution === undefined ? MILLION : 2 * MILLION
  return [
    { what: `${count(requests)} requests of CloudFront`, dollars: requests * request },
    ...(distribution === undefined
      ? []
      : [{ what: `${count(MILLION)} calls of its function`, dollars: MILLION * call }]),
  ]
}

const minutes = (seconds: number): number => Math.ceil(seconds / 60)

export function build(
  { cloud, loadTest, hold }: Pick<Settings, 'cloud' | 'loadTest' | 'hold'>,
  { buildSeconds }: Assumed,
): Section {
  const machine = cloud.computeType
  const minute = PRICES.codeBuild.minute[machine]
  const onMachine = (what: string, seconds: number): Line => ({
    what: `${what} in CodeBuild, begun minutes of ${machine}: ${minutes(seconds)}`,
    dollars: minutes(seconds) * minute,
  })
  const { plan, publish, wait } = STACK.megabytes
  const { planSeconds, publishSeconds, writes, puts } = STACK.ofBuild
  return {
    title: `a build of ${buildSeconds} s`,
    lines: [
      onMachine('the build', buildSeconds),
      ...(loadTest.mode === 'off' ? [] : [onMachine('its load test at most', loadTest.maxSeconds)]),
      {
        what: `Plan (${planSeconds} s of ${plan} MB) and Publish (${publishSeconds} s of ${publish} MB)`,
        dollars: computing(plan, planSeconds) + computing(publish, publishSeconds),
      },
      { what: `${writes} writes of DynamoDB`, dollars: writes * PRICES.dynamoDb.writeUnit },
      { what: `${puts} PUTs of S3`, dollars: puts * PRICES.s3.put },
    ],
    apart: [
      {
        what: `each client that waits for it: ${hold.totalSeconds} s of ${wait} MB at most`,
        dollars: computing(wait, hold.totalSeconds),
      },
    ],
  }
}

/** Cost of the canary. S3 in the canary's region serves the probe, which costs one GET. */
function canaryOf({ probe, everyMinutes }: Settings['cloud']['canary']): Line[] {
  if (probe === undefined) return []
  const { megabytes, seconds, requests, alarmMetrics, metrics } = STACK.canary
  const runs = MINUTES_OF_A_MONTH / everyMinutes
  const { alarmMetricMonth, metricMonth, logGigabyte } = PRICES.cloudWatch
  const ofHit = PRICES.httpApi.request + PRICES.lambda.request + PRICES.dynamoDb.readUnit / 2 + PRICES.s3.get
  const logged = STACK.logBytes.functionLines + requests * STACK.logBytes.accessLine
  return [
    {
      what: `the metrics of the canary, and its alarm`,
      dollars: metrics * metricMonth + alarmMetrics * alarmMetricMonth,
    },
    {
      what: `${count(runs)} runs of the canary: ${seconds} s of ${megabytes} MB each`,
      dollars: runs * (PRICES.lambda.request + computing(megabytes, seconds)),
    },
    {
      what: `its requests, ${requests} each, and its logs`,
      dollars: runs * (requests * ofHit + (logged / 1e9) * logGigabyte),
    },
  ]
}

const MINUTES_OF_A_MONTH = 30 * 24 * 60

export function idleMonth({ cloud }: Pick<Settings, 'cloud'>): Section {
  const { alarmMetrics, dashboards, sweepSeconds } = STACK.idle
  const copies = cloud.deployment.secretReplicas.length
  const { sweep } = STACK.megabytes
  const { alarmMetricMonth, dashboardMonth, metricMonth } = PRICES.cloudWatch
  return {
    title: 'an idle month',
    lines: [
      { what: `about ${alarmMetrics} metrics that alarms look at`, dollars: alarmMetrics * alarmMetricMonth },
      { what: `${dashboards} dashboard`, dollars: dashboards * dashboardMonth },
      { what: 'the metrics of Sweep, QueueLength and BuildsRunning', dollars: 2 * metricMonth },
      {
        what: `${STACK.idle.secrets} secret, with the signing key${copies === 0 ? '' : `, and ${copies} in other regions`}`,
        dollars: (STACK.idle.secrets + copies) * PRICES.secrets.month,
      },
      {
        what: `${count(MINUTES_OF_A_MONTH)} calls of Sweep, one a minute: ${sweepSeconds} s of ${sweep} MB each`,
        dollars: MINUTES_OF_A_MONTH * (PRICES.lambda.request + computing(sweep, sweepSeconds)),
      },
      {
        what: `their reads of DynamoDB`,
        dollars: MINUTES_OF_A_MONTH * PRICES.dynamoDb.readUnit,
      },
      {
        what: `their logs: ${STACK.logBytes.functionLines} bytes each`,
        dollars: ((MINUTES_OF_A_MONTH * STACK.logBytes.functionLines) / 1e9) * PRICES.cloudWatch.logGigabyte,
      },
      ...canaryOf(cloud.canary),
    ],
    apart: [
      {
        what: 'each other metric, while it has something to tell: hits, failures by reason, builds by target',
        dollars: metricMonth,
      },
      { what: 'each GB of probes, packages and build roots in S3', dollars: PRICES.s3.gigabyteMonth },
      {
        what: 'each GB of tables',
        dollars: PRICES.dynamoDb.gigabyteMonth,
      },
    ],
  }
}
