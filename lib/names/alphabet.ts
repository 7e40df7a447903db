// Splits a raw request path into segments of allowed characters. No other text can become part of a key.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** Maximum lengths of the raw path and of the decoded one. Real paths have up to 160 characters. */
const MAX_RAW_PATH = 2048
const MAX_PATH = 600
const MAX_PARTS = 12

/** The allowed characters of a segment. A double slash makes an empty one; the layouts decide whether that is harmless. */
const PART = /^[A-Za-z0-9.+~_-]*$/

/**
 * Splits a path into segments, and percent-decodes them once. A decoded space stands for a `+` that a client escaped as in a
 * query. In the last segment, an escaped slash also separates segments, because one client escapes its complete key. A gateway
 * may have decoded that slash already. `escaped`: slashes between the last segments were percent-encoded.
 * @throws {ProbeError} `malformed`.
 */
export function partsOf(path: string): { readonly parts: readonly string[]; readonly escaped: boolean } {
  if (path.length > MAX_RAW_PATH) throw malformed(`the path has ${path.length} characters`)
  if (!path.startsWith('/')) throw malformed('the path does not begin with /')
  const raw = path.slice(1).split('/')
  const last = decode(raw.pop() ?? '')
  const escaped = last.includes('/')
  const parts = [...raw.map(decode), ...last.split('/')]
  if (parts.length > MAX_PARTS) throw malformed(`the path has more than ${MAX_PARTS} segments`)
  for (const part of parts) checkPart(part)
  if (parts.reduce((sum, part) => sum + part.length, 0) > MAX_PATH) throw malformed('the path is too long')
  return { parts, escaped }
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw).replaceAll(' ', '+')
  } catch {
    throw malformed(`${quote(raw)} has a broken percent escape`)
  }
}

function checkPart(part: string): void {
  if (!PART.test(part)) throw malformed(`${quote(part)} has a character other than A-Z a-z 0-9 . + ~ _ -`)
  if (part.includes('..')) throw malformed(`${quote(part)} has ".."`)
}

export const malformed = (why: string): ProbeError =>
  new ProbeError(
    'malformed',
    `${why}. Names of probes have the form /driver/{driverVersion}/{arch}/{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}`,
  )
