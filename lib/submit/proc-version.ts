// /proc/version as data: linux_proc_banner of fs/proc/version.c, `Linux version RELEASE (BUILDER) (COMPILER) VERSION`.

import type { IgnoredFact } from '../clients/facts.ts'

interface ProcVersion {
  /** as `uname -r` has it */
  readonly release: string
  /** as `uname -v` has it; `undefined` where a vendor begins it with something else than "#" */
  readonly version: string | undefined
}

/** The kernel's own bound is a page. */
const MAX_TEXT = 4096
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no kernel prints there
const CONTROL = /[\x00-\x1f\x7f]/
const BANNER = /^Linux version (\S{1,64}) \(/

/** `undefined`: no kernel prints that. Who built it and on which host may be in any language. */
export function parseProcVersion(text: string): ProcVersion | undefined {
  const line = text.replace(/\n$/, '')
  const release = line.length > MAX_TEXT || CONTROL.test(line) ? undefined : BANNER.exec(line)?.[1]
  if (release === undefined) return undefined
  const at = line.lastIndexOf(') #')
  return { release, version: at < 0 ? undefined : line.slice(at + 2).trimEnd() }
}

/** What is said of one that is odd; empty for a good one, and for none. */
export const oddProcVersion = (text: string | undefined): readonly IgnoredFact[] =>
  text === undefined || parseProcVersion(text) !== undefined
    ? []
    : [
        {
          field: 'proc-version',
          why: 'it is not one line that begins with "Linux version": it says nothing of the compiler or the release here',
        },
      ]
