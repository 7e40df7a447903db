// Formats refusals with the error codes of the image registry's protocol.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes

import type { Answer } from '../../serve/answer.ts'

const STATUS = {
  BLOB_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  UNSUPPORTED: 404,
} as const
export type RefusalCode = keyof typeof STATUS

export interface Refusal {
  readonly tag: 'refused'
  readonly code: RefusalCode
  /** human-readable: clients print it */
  readonly message: string
}

export const refused = (code: RefusalCode, message: string): Refusal => ({ tag: 'refused', code, message })

/** Clients recognize a registry by this header. */
export const VERSION_HEADER = { 'docker-distribution-api-version': 'registry/2.0' }

export const refusalAnswer = ({ code, message }: Refusal): Answer => coded(STATUS[code], code, message)

/** Formats a failure from outside this folder, and keeps its HTTP status. */
export const failedAnswer = (status: number, message: string): Answer =>
  coded(status, CODES[status] ?? 'UNKNOWN', message)

const CODES: Readonly<Record<number, string>> = { 403: 'DENIED', 405: 'UNSUPPORTED', 429: 'TOOMANYREQUESTS' }

const coded = (status: number, code: string, message: string): Answer => ({
  ...{ tag: 'json', status, headers: VERSION_HEADER },
  body: { errors: [{ code, message }] },
})
