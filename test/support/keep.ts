// Shares a folder between tests: it appears complete, even if two tests make it at the same time.

import { existsSync, renameSync, rmSync } from 'node:fs'

/** Moves `made` to `kept`, or deletes it if another test was first. After a crash `made` remains, but no test uses it. */
export function keep(made: string, kept: string): void {
  try {
    renameSync(made, kept)
  } catch (error) {
    if (!existsSync(kept)) throw error
    rmSync(made, { recursive: true, force: true })
  }
}
