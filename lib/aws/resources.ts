// The names that the stack and the functions share: environment variables, event sources, keys of tables.

import type { BuildStatus } from '../model/ports.ts'

/** Environment of the functions: cdk/ sets these, and functions/ read these. */
export const ENV = {
  probesTable: 'PROBES_TABLE',
  budgetsTable: 'BUDGETS_TABLE',
  sourcesTable: 'SOURCES_TABLE',
  /** published probes and the public keys; versioned, retained */
  artifactsBucket: 'ARTIFACTS_BUCKET',
  /** what one claim's build reads and writes; expires */
  stagingBucket: 'STAGING_BUCKET',
  /** packages and archives by their sha256, parsed metadata, and the kernels that hosts submitted */
  inputsBucket: 'INPUTS_BUCKET',
  /** build roots by their sha256, and which packages each is of */
  rootsBucket: 'ROOTS_BUCKET',
  eventBus: 'EVENT_BUS',
  signingKeySecret: 'SIGNING_KEY_SECRET',
  /** CodeBuild project names */
  projectX86_64: 'PROJECT_X86_64',
  projectAarch64: 'PROJECT_AARCH64',
  loadTestX86_64: 'LOAD_TEST_X86_64',
  loadTestAarch64: 'LOAD_TEST_AARCH64',
  /** namespace of the function's metrics: the name of its stack, since two registries may share an account */
  metricsNamespace: 'METRICS_NAMESPACE',
  /** `1`: one process answers all requests of the function; only the local stack sets it */
  oneProcess: 'ONE_PROCESS',
  /** ARNs of the secrets that prove the distribution to the API, the newest first, separated by commas */
  edgeSecrets: 'EDGE_SECRETS',
  /** for the canary: address of the registry, and path of the probe */
  registryUrl: 'REGISTRY_URL',
  canaryProbe: 'CANARY_PROBE',
  /** the operator's changes to the default settings: settings-text.ts */
  settings: 'SETTINGS',
} as const

/** Proves that a request came through the distribution, which replaces any value that a client sends. */
export const EDGE_HEADER = 'x-probe-registry-edge'
/** The viewer's address and port; CloudFront writes it. */
export const VIEWER_HEADER = 'cloudfront-viewer-address'

/** Below this path the distribution serves published objects by their keys, from S3 and from its caches. */
export const BY_DIGEST = '/by-digest'

/** Environment of a build. CodeBuild's event repeats it, so nothing in it stays secret for long. */
export const BUILD_ENV = {
  probeKey: 'PROBE_KEY',
  claim: 'CLAIM',
  /** presigned GET of the job document */
  jobUrl: 'JOB_URL',
  jobSha256: 'JOB_SHA256',
  /** digest of the root that the steps run in */
  stepsRoot: 'STEPS_ROOT',
  /** `build` or `load-test` */
  phase: 'PHASE',
  /** which load test it is, from 1 */
  test: 'LOAD_TEST',
} as const

/** CodeBuild's words for a build that has ended, and ours. */
export const BUILD_ENDS = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  FAULT: 'failed',
  STOPPED: 'failed',
  TIMED_OUT: 'timed-out',
} as const satisfies Record<string, BuildStatus>

/** `source` of the events on the stack's own bus; `detail-type` is the event's `type`. */
export const EVENT_SOURCE = 'probe-registry'

/** Names of the DynamoDB keys. */
export const TABLE_KEY = 'id'
/** Sparse index of the builds and load tests that are open: partition key `open` (always `1`), sort key `deadline` (number). */
export const OVERDUE_INDEX = 'ByDeadline'
export const OVERDUE_PARTITION = 'open'
export const OVERDUE_SORT = 'deadline'
/** Index of the probes of one kernel release, as it stands in the name. */
export const RELEASE_INDEX = 'ByRelease'
export const RELEASE_PARTITION = 'kernelRelease'
/** Epoch seconds; DynamoDB's time to live on the tables of budgets and of probes. */
export const EXPIRES = 'expires'

/** The alias of each function, which routes, rules and permissions name. */
export const LIVE = 'live'
