// A start says where this machine has no way to upstream's driver sources, by a script that knows the settings.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { JsonObject } from '../wire/json.ts'

/** The script's environment has the settings here. */
export const SETTINGS = 'DRIVER_PLACES_SETTINGS'

/** Nobody waits for it: what is built of packages needs no such place. Ends with this process at the latest. */
export function tellDriverPlaces(root: string, settings: JsonObject): void {
  // Not as an argument: those are for all users to see, and a proxy's password may be in it.
  const env = { ...process.env, [SETTINGS]: JSON.stringify(settings) }
  const script = join(root, 'client', 'driver-places.ts')
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.on('error', () => {})
  child.on('close', () => process.off('exit', killed))
}
