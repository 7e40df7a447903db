// From a raw request path to parts of the stated alphabet: what is outside it never becomes a key.

import { ProbeError } from '../errors.ts'

/** Longest path that is read at all; the longest real one has about 160 characters. */
const MAX_PATH = 600

/** What any part of a name may hold. */
const PART = /^[A-Za-z0-9.+~_-]+$/

/**
 * The parts of a raw path, each percent-decoded once. A decoded space was a `+` in some client's query
 * escaping. ProbeError `malformed`.
 */
export function partsOf(path: string): string[] {
  if (path.length > MAX_PATH) throw malformed(`the path has ${path.length} characters; ${MAX_PATH} at most`)
  if (!path.startsWith('/')) throw malformed('the path does not begin with /')
  return path.slice(1).split('/').map(decodePart)
}

function decodePart(raw: string): string {
  const part = percentDecode(raw).replaceAll(' ', '+')
  if (part === '') throw malformed('a part of the path is empty')
  if (!PART.test(part)) throw malformed(`${quote(raw)} holds a character other than A-Z a-z 0-9 . + ~ _ -`)
  if (part.includes('..')) throw malformed(`${quote(raw)} holds ".."`)
  return part
}

function percentDecode(raw: string): string {
  try {
    return decodeURIComponent(raw)
  } catch {
    throw malformed(`${quote(raw)} holds a broken percent escape`)
  }
}

export const malformed = (why: string): ProbeError =>
  new ProbeError(
    'malformed',
    `${why}. A probe is asked for as /driver/{driverVersion}/{arch}/{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}`,
  )

/** For messages: printable and short, whatever a client sent. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return JSON.stringify(shown).replace(/[^\x20-\x7e]/g, '?')
}
