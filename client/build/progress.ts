// Prints the progress of downloads in lines for a terminal or a log.

import type { Clock } from '../../lib/model/ports.ts'

/** Milliseconds between two lines of one download. */
const EVERY = 3000

/**
 * Prints a line when a download begins, and then one every few seconds with the estimated seconds that
 * remain.
 */
export function downloads(
  tell: (line: string) => void,
  now: Clock,
): (url: string, bytes: number, all: number | undefined) => void {
  const running = new Map<string, { began: number; next: number }>()
  return (url, bytes, all) => {
    const time = now()
    const known = running.get(url)
    if (known === undefined || bytes === 0) {
      running.set(url, { began: time, next: time + EVERY })
      tell(`fetching ${url}${all === undefined ? '' : `, ${size(all)}`}`)
    } else if (time >= known.next) {
      known.next = time + EVERY
      tell(`fetching ${url}: ${size(bytes)}${left(bytes, all, time - known.began)}`)
    }
    if (bytes === all) running.delete(url)
  }
}

function left(bytes: number, all: number | undefined, milliseconds: number): string {
  if (all === undefined || bytes === 0) return ''
  return ` of ${size(all)}, ${Math.ceil((milliseconds * (all - bytes)) / bytes / 1000)} s left`
}

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(0)} MB`
