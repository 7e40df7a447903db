// Checks at startup whether this machine can reach upstream's driver sources, so that no probe fails later.

import { archiveUrl } from '../model/driver-archives.ts'
import { isProbeError } from '../model/errors.ts'
import type { Fetch } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'
import { UPSTREAM_DRIVERS } from '../model/upstream-drivers.ts'

/** Timeout for each place. */
const MILLISECONDS = 10_000

/** Returns a warning; `undefined` if a place answers, or none is needed. */
export async function driverPlacesAway(
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
  return `upstream's driver versions, such as ${newest}, cannot be built here: ${away.join('; ')}. Name a mirror, a folder or a file that has their sources in driverArchives of the settings (docs/operations.md, "Where driver sources come from"). Driver versions that come as packages do not need it`
}

/** Downloads nothing: `too-large` means that the place answers. */
async function awayFrom(url: string, fetch: Fetch): Promise<string | undefined> {
  try {
    await fetch(url, { maxBytes: 0, maxMilliseconds: MILLISECONDS })
  } catch (error) {
    if (isProbeError(error, 'mirror-unreachable')) return error.message
  }
  return undefined
}
