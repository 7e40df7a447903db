// Metrics of the functions: each one line in the log, of which CloudWatch makes numbers by itself.

import { ENV } from '../../lib/aws/resources.ts'
import type { Found } from '../../lib/clients/canary.ts'
import { targetNamed } from '../../lib/kernels/targets.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { type MetricName, metricOf } from '../../lib/model/metrics.ts'
import type { Log, Open } from '../../lib/model/ports.ts'
import { FAILURE_REASONS } from '../../lib/model/probe.ts'
import { probeOf } from '../../lib/names/grammar.ts'
import type { Answer } from '../../lib/serve/answer.ts'

/** `by`: the value of the metric's dimension, if it has one; a word of the registry's own, never of a client's. */
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
 * Past the console, which would wrap the line, so that CloudWatch would take no metric of it. One machine counts by itself
 * (local/metrics), and writes none.
 */
export const measure: Measure =
  namespace === undefined || process.env[ENV.oneProcess] === '1'
    ? () => {}
    : createMeasure(namespace, (line) => process.stdout.write(line), Date.now)

/** A probe itself: what stands beside it counts for nothing. */
const PROBE = /\.k?o$/

/** Whether who asked for a probe was sent to it, or to where its build is waited for. */
export function measureAnswer(told: Measure, path: string, answer: Answer): void {
  if (answer.tag !== 'redirect' || !PROBE.test(path)) return
  told(answer.location.startsWith('/wait/') ? 'Misses' : 'Hits', 1)
}

/** The log, of which the ends of builds are counted. */
export const measuringLog =
  (log: Log, told: Measure): Log =>
  (event, fields = {}) => {
    log(event, fields)
    if (event === 'published') told('BuildSeconds', Number(fields.seconds), targetOf(String(fields.key)))
    if (event === 'build failed' || event === 'plan failed') told('BuildsFailed', 1, reasonOf(fields.reason))
  }

/** Anybody names the target of a kernel that they submit. */
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

/** Of what is open, as the sweep reads it: it reads no more than a hundred. */
export function measureOpen(told: Measure, open: readonly Open[]): void {
  told('QueueLength', open.filter(({ state }) => state.queuedAt !== undefined).length)
  told('BuildsRunning', open.filter(({ state }) => state.buildId !== undefined).length)
}

export function measureFound(told: Measure, { tag }: Found, milliseconds: number): void {
  told('CanaryGood', tag === 'good' ? 1 : 0)
  told('CanaryMilliseconds', milliseconds)
}
