// Metrics of the functions, by their names in CloudWatch.

interface Metric {
  readonly unit: 'Count' | 'Seconds' | 'Milliseconds'
  /** A further dimension; its values are the registry's own words, since each one costs. */
  readonly by?: 'Target' | 'Reason'
}

export const METRICS = {
  /** requests for published probes */
  Hits: { unit: 'Count' },
  /** requests for probes that are being built */
  Misses: { unit: 'Count' },
  /** from the claim to the publication of each probe */
  BuildSeconds: { unit: 'Seconds', by: 'Target' },
  BuildsFailed: { unit: 'Count', by: 'Reason' },
  /** builds and load tests that wait for their turn, each minute */
  QueueLength: { unit: 'Count' },
  /** builds and load tests that run, each minute */
  BuildsRunning: { unit: 'Count' },
  /** 1: the canary got its probe as a host does, and verified it; 0: it did not */
  CanaryGood: { unit: 'Count' },
  /** duration of the canary's request */
  CanaryMilliseconds: { unit: 'Milliseconds' },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

export const metricOf = (name: MetricName): Metric => METRICS[name]
