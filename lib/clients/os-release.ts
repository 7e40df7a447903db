// Parses /etc/os-release by the freedesktop grammar, without a shell. Hand-written: no dependency parses shell quotes.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** Unquoted values by name. The last assignment wins. */
export type OsRelease = ReadonlyMap<string, string>

/** Limits of the complete text and of one value, in characters. Real files have about 500 and 60. */
const MAX_OS_RELEASE = 16 * 1024
const MAX_VALUE = 1024

/** Names of probes contain these variables. If one of them were ignored, the name could mean another kernel. */
const READ: readonly string[] = ['ID', 'VERSION_ID', 'VARIANT_ID', 'BUILD_ID']

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]{0,63})=(.*)$/
const PLAIN = /^(?!~)[A-Za-z0-9._~:/@%+,=-]*$/
const SINGLE_QUOTED = /^'([^']*)'$/
const DOUBLE_QUOTED = /^"((?:[^"\\$`]|\\.)*)"$/
const ESCAPED = /\\(["\\$`])/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/
const BYTE_ORDER_MARK = '\ufeff'

/**
 * Parses the assignments of os-release(5). Ignores other lines, and values that only a shell could evaluate.
 * @throws {ProbeError} `malformed`: names contain such a value, or the text is too long.
 */
export function parseOsRelease(text: string): OsRelease {
  if (text.length > MAX_OS_RELEASE) throw refused(`it has more than ${MAX_OS_RELEASE} characters`)
  const found = new Map<string, string>()
  for (const line of (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).split('\n')) {
    const [, name, written] = ASSIGNMENT.exec(line.trim()) ?? []
    if (name === undefined || written === undefined) continue
    const value = unquoted(written)
    if (value !== undefined) found.set(name, value)
    else if (READ.includes(name))
      throw refused(`its value of ${name} is ${quote(written)}, which only a shell could evaluate`)
  }
  return found
}

/** `undefined`: the value is neither one quoted word nor one word that needs no quotes. */
function unquoted(written: string): string | undefined {
  if (written.length > MAX_VALUE || CONTROL.test(written)) return undefined
  if (PLAIN.test(written)) return written
  return SINGLE_QUOTED.exec(written)?.[1] ?? DOUBLE_QUOTED.exec(written)?.[1]?.replace(ESCAPED, '$1')
}

const refused = (why: string): ProbeError => new ProbeError('malformed', `os-release: ${why}`)
