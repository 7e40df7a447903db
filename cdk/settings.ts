// What the operator set, laid over the defaults and checked before anything is deployed.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type AllSettings, DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { placesIn, withoutSecrets } from '../lib/model/places.ts'

/**
 * The defaults with the JSON of `file` over them: see `overlay`.
 * Throws on what the schema does not know or allow, and, unless `local`, on what no cloud can reach.
 */
export function readSettings(file: string | undefined, { local }: { local: boolean }): AllSettings {
  const own: unknown = file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'))
  const merged = overlay(DEFAULTS, own)
  const settings = settingsSchema.parse(merged)
  if (!isDeepStrictEqual(settings, merged)) {
    throw new Error(
      `${file} holds a setting that lib/kernels/settings.ts does not know: look for a misspelt name`,
    )
  }
  if (!local) refuseOutOfReach(settings)
  return settings
}

/** A folder, `file:` or loopback exists on one machine only. */
function refuseOutOfReach(settings: AllSettings): void {
  const bad = placesIn(settings).find(isOutOfReach)
  if (bad === undefined) return
  throw new Error(
    `${withoutSecrets(bad)} is out of a deployed stack's reach; set PROBE_LOCAL=1 to run it on this machine`,
  )
}

function isOutOfReach(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'file:' || /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname)
}
