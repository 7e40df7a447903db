// Reports at the start of a registry where this machine cannot reach upstream's driver sources. An
// environment variable contains the settings that differ from the defaults, as JSON.

import { createFetch } from '../lib/aws/fetch.ts'
import { DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { driverPlacesAway } from '../lib/plan/driver-places.ts'
import { SETTINGS } from '../local/start/driver-places.ts'

const settings = settingsSchema.parse(overlay(DEFAULTS, JSON.parse(process.env[SETTINGS] ?? '{}')))
const fetch = createFetch({ files: true, settings, network: settings.network })
const line = await driverPlacesAway(settings, fetch)
if (line !== undefined) console.log(line)
