// Defines the domain's only error type and the closed set of its codes, and recognizes other errors.

export type ErrorCode =
  /** the path is not a valid name of a probe */
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
  /** an earlier trial showed that this driver version does not compile for this kernel series */
  | 'known-to-fail'
  | 'headers-not-found'
  | 'driver-source-not-found'
  | 'mirror-unreachable'
  /** the registry cannot start anything now, because its disk is full or a service is busy */
  | 'no-room'
  | 'digest-mismatch'
  | 'signature-invalid'
  | 'too-large'
  | 'not-the-probe'
  /** the daily build limit, or the caller's daily limit of requests, is reached */
  | 'budget-spent'
  /** the caller has used its share of today's builds; the rest is for other callers */
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
  /** the name contains a config that nobody submitted */
  | 'unknown-config'
  /** the probe could never load on its kernel */
  | 'cannot-load'
  /** the submitted file is not a kernel config */
  | 'bad-config'
  /** the registry is still reading the list of driver versions */
  | 'catalogue-unread'
  /** the request bypassed the CloudFront distribution */
  | 'past-the-edge'
  /** a client's request body is too large; `too-large` is for data from mirrors and builds */
  | 'body-too-large'

/** `message` is human-readable. It names the failure, the probe or file, and the remedy. It never contains a secret. */
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
 * True if a server answered 403. Normally that is an outage: a firewall, a proxy or a closed mirror. But S3 also answers 403 for
 * absent objects if the caller may not list the bucket. Code that reads such a bucket must decide between the two cases.
 */
export const answers403 = (error: ProbeError): boolean =>
  error.cause instanceof Object && 'status' in error.cause && error.cause.status === 403

/** Node's code of a failed system call or connection, e.g. `ECONNRESET`; empty: it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** `undefined` instead of an error that `isExpected` accepts. */
export async function unless<T>(
  isExpected: (error: unknown) => boolean,
  result: Promise<T>,
): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (isExpected(error)) return undefined
    throw error
  }
}

/** For exhaustive switches. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
