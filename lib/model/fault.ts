// What went wrong that nobody foresaw, in a line that anyone may read.

import { printable } from './text.ts'

/** Of a message, at most: the rest stands in the function's log. */
const MAX = 300
/** A presigned URL says in its query what opens it. */
const QUERY = /\?[^\s"'<>)]*/g
const ACCOUNT = /\b\d{12}\b/g

/** One line of printable ASCII; without what could be a secret, or is nobody else's business. */
export function faultOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return printable(
    text
      .slice(0, 4 * MAX)
      .replace(QUERY, '?...')
      .replace(ACCOUNT, '...')
      .replace(/\s+/g, ' '),
    MAX,
  )
}
