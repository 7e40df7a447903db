// What the functions measure, by the names under which CloudWatch keeps it.

interface Metric {
  readonly unit: 'Count' | 'Seconds' | 'Milliseconds'
  /** The dimension that it is kept by as well. Its values are words of the registry's own: each costs. */
  readonly by?: 'Target' | 'Reason'
}

export const METRICS = {
  /** probes that were asked for and are there */
  Hits: { unit: 'Count' },
  /** probes that were asked for and are being built */
  Misses: { unit: 'Count' },
  /** of each probe that was published, since its build was claimed */
  BuildSeconds: { unit: 'Seconds', by: 'Target' },
  BuildsFailed: { unit: 'Count', by: 'Reason' },
  /** builds and load tests whose turn has not come, each minute */
  QueueLength: { unit: 'Count' },
  /** builds and load tests that run, each minute */
  BuildsRunning: { unit: 'Count' },
  /** 1: the canary got its probe as a host does, and it is what is signed; 0: it did not, or it is not */
  CanaryGood: { unit: 'Count' },
  /** that the canary took */
  CanaryMilliseconds: { unit: 'Milliseconds' },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

export const metricOf = (name: MetricName): Metric => METRICS[name]
