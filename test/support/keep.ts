// What one test made is the next one's: a folder appears whole, also where two tests make it at one time.

import { existsSync, renameSync, rmSync } from 'node:fs'

/** Moves `made` to `kept`, or deletes it where another test was first. A crash leaves `made`, which nobody looks for. */
export function keep(made: string, kept: string): void {
  try {
    renameSync(made, kept)
  } catch (error) {
    if (!existsSync(kept)) throw error
    rmSync(made, { recursive: true, force: true })
  }
}
