// Writes the functions' metrics as lines in the log, which CloudWatch converts to metrics.

import { ENV } from '../../lib/aws/resources.ts'
import type { Found } from '../../lib/clients/canary.ts'
import { targetNamed } from '../../lib/kernels/targets.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { type MetricName, metricOf } from '../../lib/model/metrics.ts'
import type { Log, Open } from '../../lib/model/ports.ts'
import { FAILURE_REASONS } from '../../lib/model/probe.ts'
import { probeOf } from '../../lib/names/grammar.ts'
import type { Answer } from '../../lib/serve/answer.ts'

/** `by`: value of the metric's dimension, if it has one. It must not come from a client. */
export type Measure = (name: MetricName, value: number, by?: string) => void

/** Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
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
 * Does not use the console, whose extra fields hide a metric from CloudWatch. Does nothing in the local registry, which counts
 * by itself (local/metrics).
 */
export const measure: Measure =
  namespace === undefined || process.env[ENV.oneProcess] === '1'
    ? () => {}
    : createMeasure(namespace, (line) => process.stdout.write(line), Date.now)

/** Matches paths of probes, but not of their sidecars. */
const PROBE = /\.k?o$/

/** Counts hits and misses: a hit redirects to the probe, a miss to a long poll. */
export function measureAnswer(count: Measure, path: string, answer: Answer): void {
  if (answer.tag !== 'redirect' || !PROBE.test(path)) return
  count(answer.location.startsWith('/wait/') ? 'Misses' : 'Hits', 1)
}

/** Returns a log that also counts the ends of builds. */
export const measuringLog =
  (log: Log, count: Measure): Log =>
  (event, fields = {}) => {
    log(event, fields)
    if (event === 'published') count('BuildSeconds', Number(fields.seconds), targetOf(String(fields.key)))
    if (event === 'build failed' || event === 'plan failed') count('BuildsFailed', 1, reasonOf(fields.reason))
  }

/** Counts all submissions as one target, because they may have any. */
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

/** `open`: the sweep reads at most a hundred. */
export function measureOpen(count: Measure, open: readonly Open[]): void {
  count('QueueLength', open.filter(({ state }) => state.queuedAt !== undefined).length)
  count('BuildsRunning', open.filter(({ state }) => state.buildId !== undefined).length)
}

export function measureFound(count: Measure, { tag }: Found, milliseconds: number): void {
  count('CanaryGood', tag === 'good' ? 1 : 0)
  count('CanaryMilliseconds', milliseconds)
}
