// Which driver versions there are: Debian's, as the registry found them in its archive, and upstream's at a place.

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { compareDrivers } from '../lib/model/driver-numbers.ts'
import type { Settings } from '../lib/model/settings.ts'

const ENDING = '.tar.gz'
const isUrl = (place: string): boolean => /^https?:\/\//.test(place)

/** Those in a folder of archives, oldest first; none where the place is a URL: nobody can list one. */
export function upstreamVersions(place: string | undefined): readonly string[] {
  if (place === undefined || isUrl(place)) return []
  return readdirSync(place)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort(compareDrivers)
}

/** The catalogue of the defaults, with archives from that place; what is known to fail is tried all the same. */
export const catalogueAt = (place: string | undefined): Settings['drivers'] =>
  DEFAULTS.drivers.map((entry) => ({
    ...entry,
    knownFailures: 'tried' as const,
    ...(entry.source.from === 'archive' && place !== undefined
      ? { source: { from: 'archive' as const, url: urlOf(place) } }
      : {}),
  }))

/** `{driverVersion}` becomes one with a %2B in it, which a URL of a file reads back. */
const urlOf = (place: string): string =>
  isUrl(place) ? place : `${pathToFileURL(resolve(place)).href}/{driverVersion}${ENDING}`
