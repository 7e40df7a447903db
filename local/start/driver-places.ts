// Reports at start if this machine cannot reach upstream's driver sources. A script does it, with the settings.

import { join } from 'node:path'
import type { JsonObject } from '../wire/json.ts'
import { runScript } from './child.ts'

/** Name of the environment variable that passes the settings to the script. */
export const SETTINGS = 'DRIVER_PLACES_SETTINGS'

/** Runs in the background, because builds from packages need no driver sources. */
export function tellDriverPlaces(root: string, settings: JsonObject): void {
  const script = join(root, 'client', 'driver-places.ts')
  void runScript([script], { [SETTINGS]: JSON.stringify(settings) })
}
