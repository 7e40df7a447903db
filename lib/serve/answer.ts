// Defines the domain's requests and answers, which functions/runtime/http.ts converts from and to HTTP.

import { type ErrorCode, ProbeError } from '../model/errors.ts'
import type { FailureReason } from '../model/probe.ts'
import { allowOf } from '../names/routes.ts'

export interface Request {
  readonly method: string
  /** path without the query, as the client sent it, percent escapes included */
  readonly path: string
  /** who pays for a miss: an IPv4 address or an IPv6 /64 */
  readonly caller: string
}

/** RFC 9457 problem details. */
export interface Problem {
  readonly status: 400 | 403 | 404 | 405 | 410 | 413 | 422 | 429 | 500 | 503
  readonly code: ErrorCode | FailureReason | 'not-built' | 'being-built' | 'internal-error'
  readonly title: string
  readonly detail: string
  /** seconds after which the client should ask again */
  readonly retryAfter?: number
  /** further members, e.g. `log`, `retryAt` */
  readonly more?: Readonly<Record<string, string | number>>
}

export type Answer = (
  | { readonly tag: 'redirect'; readonly location: string }
  /** `status`: default 200 */
  | { readonly tag: 'json'; readonly body: unknown; readonly status?: number }
  | { readonly tag: 'bytes'; readonly body: Uint8Array; readonly contentType: string }
  | { readonly tag: 'problem'; readonly problem: Problem }
) & {
  /** canonical path of the probe, if the request used another name */
  readonly canonical?: string
  /** all names are in lower case */
  readonly headers?: Readonly<Record<string, string>>
}

export type ReadMethod = 'GET' | 'HEAD'

export const redirect = (location: string): Answer => ({ tag: 'redirect', location })
export const problem = (p: Problem): Answer => ({ tag: 'problem', problem: p })

/** Errors whose messages begin with the name of a field. */
const ABOUT_FIELDS: readonly ErrorCode[] = ['bad-field', 'bad-config', 'config-mismatch', 'body-too-large']
const FIELD = /^([\x21-\x7e]{1,100}): /

export function problemOf(error: ProbeError): Problem {
  const field = ABOUT_FIELDS.includes(error.code) ? FIELD.exec(error.message)?.[1] : undefined
  const more = field === undefined ? {} : { more: { field } }
  return { ...HEADS[error.code], code: error.code, detail: error.message, ...more }
}

export const NO_ROOM = 'There is no room for new builds now'

type Head = Pick<Problem, 'status' | 'title' | 'retryAfter'>
const IMPOSSIBLE: Head = { status: 404, title: 'This probe cannot be built' }
const FAULT: Head = { status: 500, title: 'The registry failed' }

const HEADS: Readonly<Record<ErrorCode, Head>> = {
  malformed: { status: 400, title: 'This is not the name of a probe' },
  'method-not-allowed': { status: 405, title: 'This method is not supported here' },
  'past-the-edge': { status: 403, title: 'The registry has another address' },
  'bad-field': { status: 400, title: 'A field or parameter is missing or malformed' },
  'config-mismatch': { status: 422, title: 'The config and the facts are of two kernels' },
  'unknown-config': { status: 404, title: 'This kernel was not submitted' },
  'cannot-load': { status: 404, title: 'This probe could never load' },
  'budget-spent': { status: 429, title: 'The budget of today is spent' },
  'share-spent': { status: 429, title: 'Your share of the builds of today is spent' },
  'too-many-waits': { status: 503, title: 'Too many of your requests are waiting', retryAfter: 15 },
  'bad-config': { status: 422, title: 'This is not a kernel config' },
  'body-too-large': { status: 413, title: 'This is too large' },
  revoked: { status: 410, title: 'This driver version was revoked' },
  withdrawn: { status: 410, title: 'This probe was withdrawn' },
  'not-found': { status: 404, title: 'Nothing is here' },
  'no-room': { status: 503, title: NO_ROOM, retryAfter: 30 },
  'catalogue-unread': { status: 503, title: 'The driver versions are not known yet', retryAfter: 10 },
  'unknown-driver-version': IMPOSSIBLE,
  'unknown-target': IMPOSSIBLE,
  'unsupported-kernel': IMPOSSIBLE,
  'unsupported-kind': IMPOSSIBLE,
  'unsupported-driver-name': IMPOSSIBLE,
  'known-to-fail': IMPOSSIBLE,
  'headers-not-found': FAULT,
  'driver-source-not-found': FAULT,
  'mirror-unreachable': FAULT,
  'digest-mismatch': FAULT,
  'signature-invalid': FAULT,
  'too-large': FAULT,
  'not-the-probe': FAULT,
  'root-missing': FAULT,
  misconfigured: FAULT,
}

/** @throws {ProbeError} `method-not-allowed`. */
export function methodOf({ method, path }: Pick<Request, 'method' | 'path'>): ReadMethod {
  const allowed = allowOf(path)
  if ((method === 'GET' || method === 'HEAD') && allowed.includes(method)) return method
  throw new ProbeError('method-not-allowed', `${method.slice(0, 20)} is not supported here, only ${allowed}`)
}
