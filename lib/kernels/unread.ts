// Refuses a kernel that no place has, and lists the URLs that could not be read.

import { ProbeError } from '../model/errors.ts'

/** The text between URL and reason in the errors of lib/aws/fetch.ts. */
const BECAUSE = ' could not be read: '

/** ` Not read: URL, URL (why); URL (why).`, grouped by reason; empty if everything was read. */
export function notRead(unread: readonly ProbeError[]): string {
  const parts = unread.map(({ message }) => message.split(BECAUSE))
  const byReason = Map.groupBy(parts, ([, ...why]) => why.join(BECAUSE))
  const told = [...byReason].flatMap(([why, of]) => {
    const urls = of.map(([url]) => url)
    return why === '' ? urls : `${urls.join(', ')} (${why})`
  })
  return told.length === 0 ? '' : ` Not read: ${told.join('; ')}.`
}

/** `mirror-unreachable` if a place that may have the kernel could not be reached; else `headers-not-found`. */
export function notFoundIn(what: string, errors: readonly ProbeError[], wayOut: string): ProbeError {
  const unread = errors.filter(({ code }) => code === 'mirror-unreachable')
  const code = unread.length === 0 ? 'headers-not-found' : 'mirror-unreachable'
  return new ProbeError(code, `${what}.${notRead(unread)} ${wayOut}`)
}
