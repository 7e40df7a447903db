// Defines the functions' metrics, by their names in CloudWatch.

interface Metric {
  readonly unit: 'Count' | 'Seconds' | 'Milliseconds'
  /** A further dimension. Its values must be from a closed list of the registry, because each value costs money. */
  readonly by?: 'Target' | 'Reason'
}

export const METRICS = {
  /** requests for published probes */
  Hits: { unit: 'Count' },
  /** requests for probes that are being built */
  Misses: { unit: 'Count' },
  /** seconds from the claim to the publication of each probe */
  BuildSeconds: { unit: 'Seconds', by: 'Target' },
  BuildsFailed: { unit: 'Count', by: 'Reason' },
  /** measured each minute: builds and load tests that wait for their turn */
  QueueLength: { unit: 'Count' },
  /** measured each minute: builds and load tests that run */
  BuildsRunning: { unit: 'Count' },
  /** 1: the canary got its probe as a host does, and verified it; 0: it did not */
  CanaryGood: { unit: 'Count' },
  /** duration of the canary's request */
  CanaryMilliseconds: { unit: 'Milliseconds' },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

export const metricOf = (name: MetricName): Metric => METRICS[name]
