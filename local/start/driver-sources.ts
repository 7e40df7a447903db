// Told at the start, and not by the first probe that fails: that this machine has no way to upstream's driver sources.

import { DEFAULTS, settingsSchema } from '../../lib/kernels/settings.ts'
import { archiveUrl } from '../../lib/model/driver-archives.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { overlay } from '../../lib/model/overlay.ts'
import type { Fetch } from '../../lib/model/ports.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { UPSTREAM_DRIVERS } from '../../lib/model/upstream-drivers.ts'
import type { JsonObject } from '../wire/json.ts'

export const wholeSettings = (own: JsonObject) => settingsSchema.parse(overlay(DEFAULTS, own))

/** Of each place, until one answers. */
const MILLISECONDS = 10_000

/** The line to tell; `undefined` where a place answers, whatever it has, or none is needed. */
export async function driverSourcesAway(
  { drivers, driverArchives }: Pick<Settings, 'drivers' | 'driverArchives'>,
  fetch: Fetch,
): Promise<string | undefined> {
  if (!drivers.some(({ source }) => source.from === 'archive' && source.url === undefined)) return undefined
  const [newest = ''] = UPSTREAM_DRIVERS
  const away: string[] = []
  for (const place of driverArchives) {
    const why = await awayFrom(archiveUrl(place, newest), fetch)
    if (why === undefined) return undefined
    away.push(why)
  }
  return `upstream's driver versions, such as ${newest}, cannot be built here: ${away.join('; ')}. Name a mirror, a folder or a file that has their sources in driverArchives of the settings (docs/operations.md, "Where driver sources come from"). Driver versions that come as Debian's packages do not need it`
}

/** Nothing is downloaded: what is too large is there. */
async function awayFrom(url: string, fetch: Fetch): Promise<string | undefined> {
  try {
    await fetch(url, { maxBytes: 0, maxMilliseconds: MILLISECONDS })
  } catch (error) {
    if (isProbeError(error, 'mirror-unreachable')) return error.message
  }
  return undefined
}
