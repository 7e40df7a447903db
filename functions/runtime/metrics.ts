// Metrics of the functions: lines in the log that CloudWatch turns into metrics.

import { ENV } from '../../lib/aws/resources.ts'
import type { Found } from '../../lib/clients/canary.ts'
import { targetNamed } from '../../lib/kernels/targets.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { type MetricName, metricOf } from '../../lib/model/metrics.ts'
import type { Log, Open } from '../../lib/model/ports.ts'
import { FAILURE_REASONS } from '../../lib/model/probe.ts'
import { probeOf } from '../../lib/names/grammar.ts'
import type { Answer } from '../../lib/serve/answer.ts'

/** `by`: value of the metric's dimension, if it has one; never a client's text. */
export type Measure = (name: MetricName, value: number, by?: string) => void

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export const createMeasure =
  (namespace: string, write: (line: string) => void, now: () => number): Measure =>
  (name, value, by) => {
    const { unit, by: dimension } = metricOf(name)
    const isKeptBy = dimension !== undefined && by !== undefined
    const metrics = {
      Namespace: namespace,
      Dimensions: isKeptBy ? [[], [dimension]] : [[]],
      Metrics: [{ Name: name, Unit: unit }],
    }
    const values = { [name]: value, ...(isKeptBy ? { [dimension]: by } : {}) }
    write(`${JSON.stringify({ _aws: { Timestamp: now(), CloudWatchMetrics: [metrics] }, ...values })}\n`)
  }

const namespace = process.env[ENV.metricsNamespace]

/**
 * Not through the console, whose extra fields hide a metric from CloudWatch. One machine counts by itself (local/metrics).
 */
export const measure: Measure =
  namespace === undefined || process.env[ENV.oneProcess] === '1'
    ? () => {}
    : createMeasure(namespace, (line) => process.stdout.write(line), Date.now)

/** Of a probe, not of its sidecars. */
const PROBE = /\.k?o$/

/** A hit redirects to the probe, a miss to a long poll. */
export function measureAnswer(count: Measure, path: string, answer: Answer): void {
  if (answer.tag !== 'redirect' || !PROBE.test(path)) return
  count(answer.location.startsWith('/wait/') ? 'Misses' : 'Hits', 1)
}

/** A log that counts the ends of builds. */
export const measuringLog =
  (log: Log, count: Measure): Log =>
  (event, fields = {}) => {
    log(event, fields)
    if (event === 'published') count('BuildSeconds', Number(fields.seconds), targetOf(String(fields.key)))
    if (event === 'build failed' || event === 'plan failed') count('BuildsFailed', 1, reasonOf(fields.reason))
  }

/** A submission may have any target, so those count as one. */
function targetOf(key: string): string {
  try {
    const { target, config } = probeOf(key)
    return config === undefined ? (targetNamed(target) ?? 'other') : 'submitted'
  } catch (error) {
    if (isProbeError(error)) return 'other'
    throw error
  }
}

const reasonOf = (reason: unknown): string => FAILURE_REASONS.find((known) => known === reason) ?? 'other'

/** `open`: as the sweep reads it, a hundred at most. */
export function measureOpen(count: Measure, open: readonly Open[]): void {
  count('QueueLength', open.filter(({ state }) => state.queuedAt !== undefined).length)
  count('BuildsRunning', open.filter(({ state }) => state.buildId !== undefined).length)
}

export function measureFound(count: Measure, { tag }: Found, milliseconds: number): void {
  count('CanaryGood', tag === 'good' ? 1 : 0)
  count('CanaryMilliseconds', milliseconds)
}
