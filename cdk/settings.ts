// What the operator set, laid over the defaults and checked before anything is deployed.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { unreachable } from '../lib/model/errors.ts'
import { DEFAULTS, type DriverVersions, type Settings, settingsSchema } from '../lib/model/settings.ts'

/**
 * The defaults with the JSON of `file` over them: a section's members one by one, lists as a whole.
 * Throws on what the schema does not know or allow, and, unless `local`, on what no cloud can reach.
 */
export function readSettings(file: string | undefined, { local }: { local: boolean }): Settings {
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
function refuseOutOfReach({ debian, drivers }: Settings): void {
  const mirrors = debian.suites.map(({ mirror }) => mirror)
  const sources = drivers.flatMap(({ source }) => urlsOf(source))
  const bad = [...mirrors, ...sources].find(isOutOfReach)
  if (bad === undefined) return
  throw new Error(`${bad} is out of a deployed stack's reach; set PROBE_LOCAL=1 to run it on this machine`)
}

function urlsOf(source: DriverVersions['source']): string[] {
  switch (source.from) {
    case 'directory':
      return [`file:${source.path}`]
    case 'archive':
      return [source.url]
    case 'debian-package':
      return []
    default:
      return unreachable(source)
  }
}

function isOutOfReach(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'file:' || /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname)
}
