// A user's first start composes the roots of the first example, and shows how far it is: who asks then does not wait for it.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../wire/json.ts'

/** What the script leaves in the cache when it has done all. */
export const DONE = 'first-roots'

export interface FirstRootOptions {
  /** folder of the project */
  readonly root: string
  /** of this user */
  readonly cache: string
  /** what differs from the settings' defaults of where roots come from */
  readonly settings: JsonObject
}

/** Does nothing where it was done. Never rejects: what is not composed now, the first request composes. */
export async function firstRoot({ root, cache, settings }: FirstRootOptions): Promise<void> {
  if (existsSync(join(cache, DONE))) return
  const script = join(root, 'client', 'roots', 'first-root.ts')
  const args = [script, cache, JSON.stringify(settings)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  await new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
  process.off('exit', killed)
}
