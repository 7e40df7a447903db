// The one error type of the domain, with its closed set of codes.

export type ErrorCode =
  /** not a name */
  | 'malformed'
  | 'method-not-allowed'
  | 'not-found'
  | 'unknown-driver-version'
  | 'revoked'
  /** an operator withdrew this probe */
  | 'withdrawn'
  | 'unknown-target'
  | 'unsupported-kernel'
  | 'unsupported-kind'
  | 'unsupported-driver-name'
  /** this driver version does not compile for this series of kernels, as tried before */
  | 'known-to-fail'
  | 'headers-not-found'
  | 'driver-source-not-found'
  | 'mirror-unreachable'
  /** the registry starts nothing now: its disk is full, or a service is busy */
  | 'no-room'
  | 'digest-mismatch'
  | 'signature-invalid'
  | 'too-large'
  | 'not-the-probe'
  /** the daily limit of builds, or of the caller's requests, is reached */
  | 'budget-spent'
  /** the caller's share of today's builds is used; the rest is kept for others */
  | 'share-spent'
  /** the caller's limit of waiting requests is reached */
  | 'too-many-waits'
  /** the build root was not composed in time */
  | 'root-missing'
  | 'misconfigured'
  /** a field of a submission is missing, unknown or malformed; the message begins with its name and a colon */
  | 'bad-field'
  /** a submitted config contradicts a fact; the message begins with the fact's name and a colon */
  | 'config-mismatch'
  /** the config of a name was never submitted */
  | 'unknown-config'
  /** a probe that could never load on its kernel */
  | 'cannot-load'
  /** not a kernel config */
  | 'bad-config'
  /** the list of driver versions is still being read */
  | 'catalogue-unread'
  /** the request bypassed the CloudFront distribution */
  | 'past-the-edge'
  /** a client's body is too large; `too-large`: a mirror's or a build's */
  | 'body-too-large'

/**
 * `message` is human-readable: what failed, for which probe or file, and what to do. It never contains a secret.
 */
export class ProbeError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ProbeError'
    this.code = code
  }
}

export const isProbeError = (error: unknown, code?: ErrorCode): error is ProbeError =>
  error instanceof ProbeError && (code === undefined || error.code === code)

/**
 * A 403 is an outage, such as of a firewall, proxy or closed mirror. Only S3 without the permission to list answers 403 for
 * absent objects; readers of such a store decide that themselves.
 */
export const answers403 = (error: ProbeError): boolean =>
  typeof error.cause === 'object' &&
  error.cause !== null &&
  'status' in error.cause &&
  error.cause.status === 403

/** For exhaustive switches. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
