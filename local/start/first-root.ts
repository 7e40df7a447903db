// A user's first start composes the root of the first example, and shows how far it is: who asks then does not wait for it.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RootPlaces } from '../roots.ts'
import type { JsonObject } from '../wire/json.ts'

export interface FirstRootOptions {
  /** folder of the project */
  readonly root: string
  /** of this user */
  readonly cache: string
  readonly places: RootPlaces
  /** what differs from the settings' defaults of where roots come from */
  readonly settings: JsonObject
}

/** Does nothing where this user has any root. Never rejects: what is not composed now, the first request composes. */
export async function firstRoot({ root, cache, places, settings }: FirstRootOptions): Promise<void> {
  if (existsSync(places.objects) && readdirSync(places.objects).some((name) => !name.startsWith('.'))) return
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
