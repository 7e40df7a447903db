// Reads the operator's settings over the defaults, and validates them before a deployment.

import { readFileSync } from 'node:fs'
import type * as z from 'zod'
import { type AllSettings, DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { placesIn, withoutSecrets } from '../lib/model/places.ts'
import { outOfPlace } from './deployment.ts'

/** The message names the file, each invalid field, and its allowed values. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** Prints a SettingsError without its stack trace, and sets the exit code. */
export function reportingSettings(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

export interface ReadOptions {
  readonly local: boolean
  /** region of the deploying credentials, if known */
  readonly region?: string
}

/**
 * Reads the JSON of `file` over the defaults (`overlay`).
 * @throws {SettingsError} The schema refuses a setting. Unless `local`, also: a deployed stack cannot reach a place, or the
 * region lacks a resource.
 */
export function readSettings(file: string | undefined, { local, region }: ReadOptions): AllSettings {
  const merged = overlay(DEFAULTS, file === undefined ? {} : readJson(file))
  const { data, error } = settingsSchema.safeParse(merged)
  const wrong = error?.issues.map(textOf) ?? unknownIn(merged, data)
  if (wrong.length > 0 || data === undefined) throw refused(file, wrong)
  if (local) return data
  const bad = placesIn(data).find(isOutOfReach)
  const misplaced =
    bad === undefined ? outOfPlace(data, data.cloud.deployment.region ?? region) : [outOfReach(bad)]
  if (misplaced.length > 0) throw refused(file, misplaced)
  return data
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw refused(file, [`is not a JSON file that can be read: ${(error as Error).message}`])
  }
}

const refused = (file: string | undefined, wrong: readonly string[]): SettingsError =>
  new SettingsError(`the settings ${file ?? '(defaults)'}: ${wrong.join('; ')}`)

/** For example `hold.hopSeconds: Too big: expected number to be <=28 (the default is 22)`. */
function textOf({ path, message }: z.core.$ZodIssue): string {
  const standard = path.reduce<unknown>((at, part) => memberOf(at, String(part)), DEFAULTS)
  const known = ['number', 'string', 'boolean'].includes(typeof standard)
  const hint = known ? ` (the default is ${JSON.stringify(standard)})` : ''
  return `${path.join('.') || 'all of it'}: ${message.replace(/^Invalid input: /, '')}${hint}`
}

/** Finds settings that the schema dropped because it does not know them. */
function unknownIn(written: unknown, known: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(written))
    return written.flatMap((one, i) => unknownIn(one, memberOf(known, String(i)), [...path, String(i)]))
  if (typeof written !== 'object' || written === null) return []
  return Object.entries(written).flatMap(([name, value]) => {
    const at = [...path, name]
    const isKnown = typeof known === 'object' && known !== null && Object.hasOwn(known, name)
    return isKnown ? unknownIn(value, memberOf(known, name), at) : [noSetting(at, known)]
  })
}

const noSetting = (path: readonly string[], known: unknown): string =>
  `${path.join('.')}: is not a setting. ${path.length > 1 ? `${path.slice(0, -1).join('.')} has` : 'There are'}: ${Object.keys(known ?? {}).join(', ')}`

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

const outOfReach = (bad: string): string =>
  `${withoutSecrets(bad)} cannot be reached by a deployed stack; set PROBE_LOCAL=1 to run on this machine`

/** True for folders, `file:` and loopback addresses, which exist only on this machine. */
function isOutOfReach(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'file:' || /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname)
}
