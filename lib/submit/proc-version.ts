// Parses /proc/version: `Linux version RELEASE (BUILDER) (COMPILER) VERSION` (linux_proc_banner in fs/proc/version.c).

import type { IgnoredFact } from '../clients/facts.ts'

interface ProcVersion {
  /** as in `uname -r` */
  readonly release: string
  /** as in `uname -v`; `undefined`: it does not begin with "#", as in some vendors' kernels */
  readonly version: string | undefined
}

/** The kernel prints one page at most. */
const MAX_TEXT = 4096
// biome-ignore lint/suspicious/noControlCharactersInRegex: no kernel prints them there
const CONTROL = /[\x00-\x1f\x7f]/
const BANNER = /^Linux version (\S{1,64}) \(/

/** `undefined`: no kernel prints this text. The names of builder and host may be in any language. */
export function parseProcVersion(text: string): ProcVersion | undefined {
  const line = text.replace(/\n$/, '')
  const release = line.length > MAX_TEXT || CONTROL.test(line) ? undefined : BANNER.exec(line)?.[1]
  if (release === undefined) return undefined
  const at = line.lastIndexOf(') #')
  return { release, version: at < 0 ? undefined : line.slice(at + 2).trimEnd() }
}

/** Reports a text that cannot be parsed. */
export function oddProcVersion(text: string | undefined): readonly IgnoredFact[] {
  if (text === undefined || parseProcVersion(text) !== undefined) return []
  const why =
    'it is not one line that begins with "Linux version": it says nothing of the compiler or the release here'
  return [{ field: 'proc-version', why }]
}
