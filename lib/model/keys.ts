// Keys of objects in the buckets.

export const PUBLIC_KEY_OBJECT = 'keys/falco-probes.asc'

/** Staging keys of one claim. */
export const stagingKeys = (claim: string) => ({
  /** what the plan decided; read by publish, out of the build's reach */
  plan: `${claim}/plan.json`,
  job: `${claim}/job`,
  probe: `${claim}/probe`,
  log: `${claim}/log`,
  manifest: `${claim}/manifest`,
  /** the kernel's build tree, for the next driver version */
  prepared: `${claim}/prepared`,
})
/** Staging keys of the load test of one claim's probe. */
export const loadTestKeys = (claim: string) => ({
  /** what the test was started with; out of its own reach */
  order: `${claim}/load-test/order.json`,
  job: `${claim}/load-test/job`,
  verdict: `${claim}/load-test/verdict`,
  log: `${claim}/load-test/log`,
  /** the kernel's image, for the next test */
  boot: `${claim}/load-test/boot`,
})
export const inputKey = (sha256: string): string => `sha256/${sha256}`
