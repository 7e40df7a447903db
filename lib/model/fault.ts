// Summarizes an unexpected error in one line that may be public.

import { printable } from './text.ts'

/** Characters. The function's log contains the complete error. */
const MAX = 300
/** The query of a presigned URL is a secret. */
const QUERY = /\?[^\s"'<>)]*/g
const ACCOUNT = /\b\d{12}\b/g

/** Printable ASCII, without secrets and account numbers. */
export function faultOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const safe = text
    .slice(0, 4 * MAX)
    .replace(QUERY, '?...')
    .replace(ACCOUNT, '...')
  return printable(safe.replace(/\s+/g, ' '), MAX)
}
