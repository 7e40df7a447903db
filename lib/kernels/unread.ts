// Lists what a planner could not read, for its refusal.

import type { ProbeError } from '../model/errors.ts'

/** Between a URL and the reason in what a reading fails with (lib/aws/fetch.ts). */
const BECAUSE = ' could not be read: '

/** ` Not read: URL, URL (why); URL (why).`, of all that failed for one reason together. Empty where all was read. */
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
