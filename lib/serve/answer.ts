// Answers of the domain; functions/runtime/http.ts turns them into HTTP.

import { type ErrorCode, ProbeError, unreachable } from '../model/errors.ts'
import type { FailureReason } from '../model/probe.ts'
import { allowOf } from '../names/routes.ts'

/** RFC 9457 problem details. */
export interface Problem {
  readonly status: 400 | 403 | 404 | 405 | 410 | 413 | 422 | 429 | 500 | 503
  readonly code: ErrorCode | FailureReason | 'not-built' | 'being-built' | 'internal-error'
  readonly title: string
  readonly detail: string
  /** seconds until it is worth asking again */
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
  /** canonical path of the probe, if the request had another name */
  readonly canonical?: string
  /** names in lower case */
  readonly headers?: Readonly<Record<string, string>>
}

export type ReadMethod = 'GET' | 'HEAD'

export const redirect = (location: string): Answer => ({ tag: 'redirect', location })
export const problem = (p: Problem): Answer => ({ tag: 'problem', problem: p })

/** Errors whose messages begin with the name of a field. */
const ABOUT_FIELDS: readonly ErrorCode[] = ['bad-field', 'bad-config', 'config-mismatch', 'body-too-large']
const FIELD = /^([\x21-\x7e]{1,100}): /

export function problemOf(error: ProbeError): Problem {
  const { status, title, retryAfter } = statusOf(error.code)
  const field = ABOUT_FIELDS.includes(error.code) ? FIELD.exec(error.message)?.[1] : undefined
  return {
    ...{ status, code: error.code, title, detail: error.message },
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(field === undefined ? {} : { more: { field } }),
  }
}

export const NO_ROOM = 'There is no room for new builds now'

function statusOf(code: ErrorCode): Pick<Problem, 'status' | 'title' | 'retryAfter'> {
  switch (code) {
    case 'malformed':
      return { status: 400, title: 'This is not the name of a probe' }
    case 'method-not-allowed':
      return { status: 405, title: 'This method is not answered here' }
    case 'past-the-edge':
      return { status: 403, title: 'The registry is asked at another address' }
    case 'bad-field':
      return { status: 400, title: 'A field or parameter is missing or malformed' }
    case 'config-mismatch':
      return { status: 422, title: 'The config and the facts are of two kernels' }
    case 'unknown-config':
      return { status: 404, title: 'This kernel was not submitted' }
    case 'cannot-load':
      return { status: 404, title: 'This probe could never load' }
    case 'budget-spent':
      return { status: 429, title: 'The budget of today is spent' }
    case 'share-spent':
      return { status: 429, title: 'Your share of the builds of today is spent' }
    case 'too-many-waits':
      return { status: 503, title: 'Too many of your requests are waiting', retryAfter: 15 }
    case 'bad-config':
      return { status: 422, title: 'This is not a kernel config' }
    case 'body-too-large':
      return { status: 413, title: 'This is too large' }
    case 'revoked':
      return { status: 410, title: 'This driver version was revoked' }
    case 'withdrawn':
      return { status: 410, title: 'This probe was withdrawn' }
    case 'not-found':
      return { status: 404, title: 'Nothing is here' }
    case 'no-room':
      return { status: 503, title: NO_ROOM, retryAfter: 30 }
    case 'catalogue-unread':
      return { status: 503, title: 'The driver versions are not known yet', retryAfter: 10 }
    case 'unknown-driver-version':
    case 'unknown-target':
    case 'unsupported-kernel':
    case 'unsupported-kind':
    case 'unsupported-driver-name':
    case 'known-to-fail':
      return { status: 404, title: 'This probe cannot be built' }
    case 'headers-not-found':
    case 'driver-source-not-found':
    case 'mirror-unreachable':
    case 'digest-mismatch':
    case 'signature-invalid':
    case 'too-large':
    case 'not-the-probe':
    case 'root-missing':
    case 'misconfigured':
      return { status: 500, title: 'The registry failed' }
    default:
      return unreachable(code)
  }
}

/** @throws {ProbeError} `method-not-allowed`. */
export function methodOf({ method, path }: { readonly method: string; readonly path: string }): ReadMethod {
  const allowed = allowOf(path)
  if ((method === 'GET' || method === 'HEAD') && allowed.includes(method)) return method
  throw new ProbeError('method-not-allowed', `${method.slice(0, 20)} is not answered here, only ${allowed}`)
}
