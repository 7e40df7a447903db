// Reports at start if this machine cannot reach upstream's driver sources. A script does it, with the settings.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { JsonObject } from '../wire/json.ts'

/** Name of the environment variable that passes the settings to the script. */
export const SETTINGS = 'DRIVER_PLACES_SETTINGS'

/** Runs in the background, because builds from packages need no driver sources. The script ends with this process at the latest. */
export function tellDriverPlaces(root: string, settings: JsonObject): void {
  // Not as an argument: all users can see arguments, and the settings may contain a proxy's password.
  const env = { ...process.env, [SETTINGS]: JSON.stringify(settings) }
  const script = join(root, 'client', 'driver-places.ts')
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.on('error', () => {})
  child.on('close', () => process.off('exit', killed))
}
