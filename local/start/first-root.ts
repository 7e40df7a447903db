// A user's first start composes the roots of the first example, and shows how far it is: who asks then does not wait for it.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../wire/json.ts'

/** What the script leaves in the cache when it has done all. */
export const DONE = 'first-roots'
/** The script's environment has the settings here. */
export const SETTINGS = 'FIRST_ROOT_SETTINGS'

interface FirstRootOptions {
  /** folder of the project */
  readonly root: string
  /** of this user */
  readonly cache: string
  /** what differs from the settings' defaults of where roots come from, and of how mirrors are reached */
  readonly settings: { readonly archive: Json; readonly network: Json }
}

/** Does nothing where it was done. Never rejects: what is not composed now, the first request composes. */
export async function firstRoot({ root, cache, settings }: FirstRootOptions): Promise<void> {
  if (existsSync(join(cache, DONE))) return
  const script = join(root, 'client', 'roots', 'first-root.ts')
  // Not as an argument: those are for all users to see, and a proxy's password may be in it.
  const env = { ...process.env, [SETTINGS]: JSON.stringify(settings) }
  const child = spawn(process.execPath, [script, cache], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  await new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
  process.off('exit', killed)
}
