// The one error type of the domain, with its closed set of codes.

export type ErrorCode =
  /** the name parses as nothing */
  | 'malformed'
  | 'method-not-allowed'
  | 'not-found'
  | 'unknown-driver-version'
  | 'revoked'
  /** an operator took this one probe back */
  | 'withdrawn'
  | 'unknown-target'
  | 'unsupported-kernel'
  | 'unsupported-kind'
  | 'unsupported-driver-name'
  /** it was tried before: this driver version does not compile for kernels of this series */
  | 'known-to-fail'
  | 'headers-not-found'
  | 'driver-source-not-found'
  | 'mirror-unreachable'
  /** the registry begins nothing new now: no space is left, or the service that it asks is busy */
  | 'no-room'
  | 'digest-mismatch'
  | 'signature-invalid'
  | 'too-large'
  | 'not-the-probe'
  /** no more builds, or no more of what a caller may ask for, on this day */
  | 'budget-spent'
  /** the caller has had its share of the builds of this day; what is left is kept for others */
  | 'share-spent'
  /** one caller has as many requests waiting as it may */
  | 'too-many-waits'
  /** the build root was not composed in time */
  | 'root-missing'
  | 'misconfigured'
  /** a field of a submission is missing, unknown or malformed; the message begins with its name and a colon */
  | 'bad-field'
  /** a submitted config is of another kernel than the facts; the message begins with the fact's name and a colon */
  | 'config-mismatch'
  /** the config of a name was never submitted */
  | 'unknown-config'
  /** a probe that could never load on its kernel */
  | 'cannot-load'
  /** what a client sent as a kernel config is none */
  | 'bad-config'
  /** which driver versions there are is still being read */
  | 'catalogue-unread'
  /** it came past the distribution that stands before the registry */
  | 'past-the-edge'
  /** what a client sent is larger than anything it could be; `too-large` is the same of a mirror or a build */
  | 'body-too-large'

/**
 * What went wrong, to which probe or file, and what to do: `message` is written for a person at 3 a.m.
 * and never holds a secret.
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
 * A 403 is an outage: a firewall, a proxy, a mirror that is closed to us. Only a store of S3 that may not be listed says so
 * of what is not there, and whoever reads such a one decides that for itself.
 */
export const answers403 = (error: ProbeError): boolean =>
  typeof error.cause === 'object' &&
  error.cause !== null &&
  'status' in error.cause &&
  error.cause.status === 403

/** For switches that must name every case. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
