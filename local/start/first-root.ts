// Composes the roots of the first example at a user's first start, with progress, so that its first request does not wait.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../wire/json.ts'
import { runScript } from './child.ts'

/** File that the script leaves in the cache when it has finished. */
export const DONE = 'first-roots'
/** Name of the environment variable that passes the settings to the script. */
export const SETTINGS = 'FIRST_ROOT_SETTINGS'

interface FirstRootOptions {
  /** folder of the project */
  readonly root: string
  /** the user's cache folder */
  readonly cache: string
  /** the settings that differ from the defaults: the source of roots, and the access to mirrors */
  readonly settings: { readonly archive: Json; readonly network: Json }
}

/** Does nothing if the roots exist. Never rejects: if it fails, the first request composes them. */
export async function firstRoot({ root, cache, settings }: FirstRootOptions): Promise<void> {
  if (existsSync(join(cache, DONE))) return
  const script = join(root, 'client', 'roots', 'first-root.ts')
  await runScript([script, cache], { [SETTINGS]: JSON.stringify(settings) })
}
