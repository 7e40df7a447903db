// Waits for an automatic action of a running registry.

import { setTimeout as sleep } from 'node:timers/promises'

/** Returns the first defined result within `seconds`. `what`: the text for the error. */
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
