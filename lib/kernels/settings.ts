// Combines all settings and their defaults: of the model, the targets, the archives and the network.

import type * as z from 'zod'
import { DRIVER_ARCHIVE, driverArchiveSchema } from '../archives/drivers.ts'
import { ROOT_ARCHIVE, rootArchiveSchema } from '../archives/roots.ts'
import { eachOf } from '../model/each.ts'
import { NETWORK, networkSchema } from '../model/network.ts'
import { BASE_DEFAULTS, baseSettings } from '../model/settings.ts'
import { TARGET_NAMES, TARGETS, type Target, type TargetSettings } from './targets.ts'
import { VANILLA, vanillaSchema } from './vanilla/settings.ts'

export const settingsSchema = baseSettings.extend({
  ...(eachOf(TARGET_NAMES, (target) => TARGETS[target].settings) as {
    [T in Target]: (typeof TARGETS)[T]['settings']
  }),
  vanilla: vanillaSchema,
  driverPackages: driverArchiveSchema,
  roots: rootArchiveSchema,
  network: networkSchema,
})
export type AllSettings = z.infer<typeof settingsSchema>

export const DEFAULTS: AllSettings = {
  ...BASE_DEFAULTS,
  ...(eachOf(TARGET_NAMES, (target) => TARGETS[target].defaults) as unknown as TargetSettings),
  vanilla: VANILLA,
  driverPackages: DRIVER_ARCHIVE,
  roots: ROOT_ARCHIVE,
  network: NETWORK,
}
