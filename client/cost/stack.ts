// Properties of the stack in cdk/ that decide its cost. A test compares them with the template; durations and
// sizes are guesses that nobody has measured in an AWS account.

export const STACK = {
  /** memory of the functions */
  megabytes: { resolve: 512, wait: 256, plan: 1536, publish: 1024, sweep: 256 },
  logBytes: {
    /** cdk/api.ts */
    accessLine: 400,
    /** `platform.start` and `platform.report`, which Lambda writes for each call, and the metric line */
    functionLines: 1200,
  },
  ofBuild: { planSeconds: 10, publishSeconds: 5, writes: 15, puts: 15 },
  /** per run of cdk/canary.ts; each request goes to the API and calls the function Resolve */
  canary: { megabytes: 512, seconds: 1, requests: 4, alarmMetrics: 1, metrics: 2 },
  idle: {
    /** AWS bills a metric-math alarm for each of its metrics; rounded up to a multiple of ten */
    alarmMetrics: 60,
    dashboards: 1,
    secrets: 1,
    sweepSeconds: 0.1,
  },
} as const
