// Beside the start of a registry: says where this machine has no way to upstream's driver sources. The environment has JSON
// of what differs from the settings' defaults.

import { createFetch } from '../lib/aws/fetch.ts'
import { DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { driverPlacesAway } from '../lib/plan/driver-places.ts'
import { SETTINGS } from '../local/start/driver-places.ts'

const settings = settingsSchema.parse(overlay(DEFAULTS, JSON.parse(process.env[SETTINGS] ?? '{}')))
const fetch = createFetch({ files: true, settings, network: settings.network })
const line = await driverPlacesAway(settings, fetch)
if (line !== undefined) console.log(line)
