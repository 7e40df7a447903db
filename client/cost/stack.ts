// Of the stack in cdk/ what its cost depends on. A test holds what the template has against it; times and bytes are guesses
// that nobody has measured in an account.

export const STACK = {
  /** memory of the functions */
  megabytes: { resolve: 512, wait: 256, plan: 1536, publish: 1024, sweep: 256 },
  logBytes: {
    /** cdk/api.ts */
    accessLine: 400,
    /** `platform.start` and `platform.report`, which Lambda writes of each call, and the line of a metric */
    functionLines: 1200,
  },
  ofBuild: { planSeconds: 10, publishSeconds: 5, writes: 15, puts: 15 },
  /** of one run of cdk/canary.ts; each request is one of the API, and a call of Resolve */
  canary: { megabytes: 512, seconds: 1, requests: 4, alarmMetrics: 1, metrics: 2 },
  idle: {
    /** an alarm over an expression is paid for by the metrics in it; rounded up to tens */
    alarmMetrics: 60,
    dashboards: 1,
    secrets: 1,
    sweepSeconds: 0.1,
  },
} as const
