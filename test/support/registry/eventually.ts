// Waiting for what a running registry does by itself.

import { setTimeout as sleep } from 'node:timers/promises'

/** The first answer that is one, within `seconds`. `what`: in the words of the error. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  seconds = 120,
): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(200)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`it did not happen within ${seconds} seconds: ${what}`)
}
