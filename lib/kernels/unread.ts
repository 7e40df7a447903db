// Lists the URLs that a planner could not read, for the message of its refusal.

import type { ProbeError } from '../model/errors.ts'

/** The text between URL and reason in the errors of lib/aws/fetch.ts. */
const BECAUSE = ' could not be read: '

/** ` Not read: URL, URL (why); URL (why).`, grouped by reason; empty if everything was read. */
export function notRead(unread: readonly ProbeError[]): string {
  const urls = new Map<string, string[]>()
  for (const { message } of unread) {
    const [url = '', ...why] = message.split(BECAUSE)
    const reason = why.join(BECAUSE)
    urls.set(reason, [...(urls.get(reason) ?? []), url])
  }
  const told = [...urls].flatMap(([why, of]) => (why === '' ? of : `${of.join(', ')} (${why})`))
  return told.length === 0 ? '' : ` Not read: ${told.join('; ')}.`
}
