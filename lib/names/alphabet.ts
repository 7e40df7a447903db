// From a raw request path to parts of the stated alphabet: what is outside it never becomes a key.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** Longest path that is read at all, and longest after decoding; the longest real one has about 160 characters. */
const MAX_RAW_PATH = 2048
const MAX_PATH = 600
const MAX_PARTS = 12

/** What any part of a name may hold. */
const PART = /^[A-Za-z0-9.+~_-]+$/

interface Parts {
  /** decoded, each of the alphabet; only leading ones may be empty */
  readonly parts: readonly string[]
  /** a slash between the last of them was percent-encoded: the whole key was escaped at once */
  readonly escaped: boolean
}

/**
 * The parts of a path, percent-decoded once. A decoded space was a `+` in some client's query escaping. In the
 * last part an escaped slash separates, because one client escapes its whole key; a gateway may have decoded
 * it already.
 * @throws {ProbeError} `malformed`.
 */
export function partsOf(path: string): Parts {
  if (path.length > MAX_RAW_PATH) throw malformed(`the path has ${path.length} characters`)
  if (!path.startsWith('/')) throw malformed('the path does not begin with /')
  const raw = path.slice(1).split('/')
  const last = decode(raw.pop() ?? '')
  const escaped = last.includes('/')
  const parts = [...raw.map(decode), ...last.split('/')]
  if (parts.length > MAX_PARTS) throw malformed(`the path has more than ${MAX_PARTS} parts`)
  for (const part of parts) checkPart(part)
  if (parts.reduce((sum, part) => sum + part.length, 0) > MAX_PATH) throw malformed('the path is too long')
  return { parts, escaped }
}

function decode(raw: string): string {
  const plain = raw.includes('%') ? percentDecode(raw) : raw
  return plain.includes(' ') ? plain.replaceAll(' ', '+') : plain
}

function percentDecode(raw: string): string {
  try {
    return decodeURIComponent(raw)
  } catch {
    throw malformed(`${quote(raw)} holds a broken percent escape`)
  }
}

/** An empty part is a doubled slash; whether it stands where one is harmless is the layouts' business. */
function checkPart(part: string): void {
  if (part === '') return
  if (!PART.test(part)) throw malformed(`${quote(part)} holds a character other than A-Z a-z 0-9 . + ~ _ -`)
  if (part.includes('..')) throw malformed(`${quote(part)} holds ".."`)
}

export const malformed = (why: string): ProbeError =>
  new ProbeError(
    'malformed',
    `${why}. A probe is asked for as /driver/{driverVersion}/{arch}/{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}`,
  )
