// Defines the names that the stack and the functions share: environment variables, event sources, keys of tables.

import type { BuildStatus } from '../model/ports.ts'

/** Environment variables of the functions: cdk/ sets them, and functions/ reads them. */
export const ENV = {
  probesTable: 'PROBES_TABLE',
  budgetsTable: 'BUDGETS_TABLE',
  sourcesTable: 'SOURCES_TABLE',
  /** published probes and the public keys; versioned, retained */
  artifactsBucket: 'ARTIFACTS_BUCKET',
  /** inputs and outputs of each claim's build; they expire */
  stagingBucket: 'STAGING_BUCKET',
  /** packages and archives by their sha256, parsed metadata, and submitted kernels */
  inputsBucket: 'INPUTS_BUCKET',
  /** build roots by their sha256, and the list of packages in each */
  rootsBucket: 'ROOTS_BUCKET',
  eventBus: 'EVENT_BUS',
  signingKeySecret: 'SIGNING_KEY_SECRET',
  /** CodeBuild project names */
  projectX86_64: 'PROJECT_X86_64',
  projectAarch64: 'PROJECT_AARCH64',
  loadTestX86_64: 'LOAD_TEST_X86_64',
  loadTestAarch64: 'LOAD_TEST_AARCH64',
  /** namespace of the function's metrics: the name of its stack, because two registries may share an account */
  metricsNamespace: 'METRICS_NAMESPACE',
  /** `1`: one process serves all requests to the function; only the local stack sets it */
  oneProcess: 'ONE_PROCESS',
  /** ARNs of the secrets that prove to the API that a request is from the distribution; newest first, separated by commas */
  edgeSecrets: 'EDGE_SECRETS',
  /** for the canary: URL of the registry, and path of the probe */
  registryUrl: 'REGISTRY_URL',
  canaryProbe: 'CANARY_PROBE',
  /** the operator's changes to the default settings, written by settings-text.ts */
  settings: 'SETTINGS',
} as const

/** Header with a secret that proves that a request came through the distribution. It replaces any value from a client. */
export const EDGE_HEADER = 'x-probe-registry-edge'
/** Header with the viewer's address and port, which CloudFront writes. */
export const VIEWER_HEADER = 'cloudfront-viewer-address'

/** Under this path, the distribution serves published objects by their keys, from S3 and from its caches. */
export const BY_DIGEST = '/by-digest'

/** Environment variables of a build. CodeBuild's event repeats them, so they must contain no lasting secret. */
export const BUILD_ENV = {
  probeKey: 'PROBE_KEY',
  claim: 'CLAIM',
  /** presigned GET of the job document */
  jobUrl: 'JOB_URL',
  jobSha256: 'JOB_SHA256',
  /** digest of the root in which the steps run */
  stepsRoot: 'STEPS_ROOT',
  /** `build` or `load-test` */
  phase: 'PHASE',
  /** number of the load test, from 1 */
  test: 'LOAD_TEST',
} as const

/** CodeBuild's status of an ended build -> the registry's. */
export const BUILD_ENDS = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  FAULT: 'failed',
  STOPPED: 'failed',
  TIMED_OUT: 'timed-out',
} as const satisfies Record<string, BuildStatus>

/** `source` of events on the stack's own bus. Their `detail-type` is the event's `type`. */
export const EVENT_SOURCE = 'probe-registry'

/** Name of the key attribute in each DynamoDB table. */
export const TABLE_KEY = 'id'
/** Sparse index of open builds and load tests: partition key `open` (always `1`), sort key `deadline` (number). */
export const OVERDUE_INDEX = 'ByDeadline'
export const OVERDUE_PARTITION = 'open'
export const OVERDUE_SORT = 'deadline'
/** Index of probes by kernel release, as in the name. */
export const RELEASE_INDEX = 'ByRelease'
export const RELEASE_PARTITION = 'kernelRelease'
/** Time to live, in seconds since the epoch. DynamoDB uses it in the tables of budgets and probes. */
export const EXPIRES = 'expires'

/** The alias of each function. Routes, rules and permissions refer to it. */
export const LIVE = 'live'
