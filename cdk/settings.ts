// What the operator set, laid over the defaults and checked before anything is deployed.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type AllSettings, DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'

/**
 * The defaults with the JSON of `file` over them: a section's members one by one, lists as a whole.
 * Throws on what the schema does not know or allow, and, unless `local`, on what no cloud can reach.
 */
export function readSettings(file: string | undefined, { local }: { local: boolean }): AllSettings {
  const own: unknown = file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'))
  const merged = merge(own, file ?? 'the defaults')
  const settings = settingsSchema.parse(merged)
  if (!isDeepStrictEqual(settings, merged)) {
    throw new Error(
      `${file} holds a setting that lib/model/settings.ts does not know: look for a misspelt name`,
    )
  }
  if (!local) refuseOutOfReach(settings)
  return settings
}

function merge(own: unknown, from: string): Record<string, unknown> {
  if (!isSection(own)) throw new Error(`${from} is not a JSON object of settings`)
  const merged: Record<string, unknown> = { ...DEFAULTS }
  for (const [name, section] of Object.entries(own)) {
    const before = merged[name]
    merged[name] = isSection(before) && isSection(section) ? { ...before, ...section } : section
  }
  return merged
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A folder, `file:` or loopback exists on one machine only. */
function refuseOutOfReach(settings: AllSettings): void {
  const bad = placesIn(settings).find(isOutOfReach)
  if (bad === undefined) return
  throw new Error(`${bad} is out of a deployed stack's reach; set PROBE_LOCAL=1 to run it on this machine`)
}

/** Every URL of the settings, whatever it is for, and the folders of driver sources. */
function placesIn(value: unknown): string[] {
  if (typeof value === 'string') return URL.canParse(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  if ('from' in value && value.from === 'directory' && 'path' in value) return [`file:${value.path}`]
  return Object.values(value).flatMap(placesIn)
}

function isOutOfReach(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'file:' || /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname)
}
