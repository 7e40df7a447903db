// Lists driver versions: Debian's, as the registry found them in its archive, and upstream's at a given
// place.

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { compareDrivers } from '../lib/model/driver-numbers.ts'
import type { Settings } from '../lib/model/settings.ts'

const ENDING = '.tar.gz'
const isUrl = (place: string): boolean => /^https?:\/\//.test(place)

/**
 * Versions of the archives in a folder, oldest first; empty if the place is a URL, because a URL cannot be
 * listed.
 */
export function upstreamVersions(place: string | undefined): readonly string[] {
  if (place === undefined || isUrl(place)) return []
  return readdirSync(place)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort(compareDrivers)
}

/** The default catalogue, with archives from that place. Known failures are tried as well. */
export const catalogueAt = (place: string | undefined): Settings['drivers'] =>
  DEFAULTS.drivers.map((entry) => ({
    ...entry,
    knownFailures: 'tried' as const,
    ...(entry.source.from === 'archive' && place !== undefined
      ? { source: { from: 'archive' as const, url: urlOf(place) } }
      : {}),
  }))

/**
 * Turns a path into a file URL; `{driverVersion}` is replaced by a version with %2B, which the file URL
 * decodes.
 */
const urlOf = (place: string): string =>
  isUrl(place) ? place : `${pathToFileURL(resolve(place)).href}/{driverVersion}${ENDING}`
