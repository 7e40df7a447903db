// Finds out whether the driver or the registry's own tools made a build fail. The log is hostile text: by forging it, a driver
// can only cause its own rebuild too early.

import type { FailureReason } from '../model/probe.ts'
import { printable } from '../model/text.ts'
import type { BuildReport } from './report.ts'

const MAX_LINES = 12
const MAX_LINE = 240

/** A build without a report was stopped from outside. */
export function failureOf(report: BuildReport | undefined, log?: Uint8Array): FailureReason {
  if (report === undefined) return 'build-lost'
  if (report.cause === 'time') return 'build-timeout'
  if (report.cause === 'tools') return 'build-broken'
  if (report.stage === 'compile') return lacked(linesOf(log)) ? 'build-broken' : 'compile-error'
  return report.stage === 'tree' || report.stage === 'collect' ? 'compile-error' : 'build-broken'
}

/**
 * Whether the compiler lacked something that the registry provides, although the tools worked before. A lack of space or memory
 * decides, even if other errors follow: it makes a driver's feature probes fail, and then the driver.
 */
const lacked = (lines: readonly string[]): boolean =>
  lines.some((line) => SHORTAGE.test(line) || KERNEL_FILE.test(line)) ||
  (lines.some((line) => COMMAND.test(line) && !ofProbe(line)) &&
    !lines.some((line) => DIAGNOSTIC.test(line) && !ofProbe(line)))

/** Messages of cp, awk, gcc, clang, ld, make and the kernel. */
const SHORTAGE =
  /[:(] ?No space left on device\)?$|: Killed signal terminated program |unable to execute command: Killed|^make(\[\d+\])?: \*\*\* \[[^\]]*\] (Killed|Error 137)$|: out of memory allocating |: Cannot (allocate memory|fork)$/

/** A file of the kernel's tree is missing. A driver may include files that only other kernels have, so those do not count. */
const KERNEL_FILE =
  /^(\/kernel\/|\/build\/kernel\/|\.\/)\S+:\d+: (fatal error: )?\S+: No such file or directory$|fatal error: \/(build\/)?kernel\/\S+: No such file or directory$|No rule to make target '\/(build\/)?kernel\//

/** A command that make could not find or execute. */
const COMMAND = /^make(\[\d+\])?: \*\*\* \[[^\]]*\] Error 12[67]$/

/** A compiler's error in the sources. */
const DIAGNOSTIC = /^\S+\.[chS]:\d+(:\d+)?: (fatal )?error: /

/** Whether the line is about a driver's feature probe, which may fail. Since Linux 6.13, messages omit the folder of its file. */
const ofProbe = (line: string): boolean => line.includes('/configure/') || line.startsWith('test.c:')

/** The compiler's error lines, or the last lines if there are none. */
export function tellingLines(log: Uint8Array | undefined): string {
  const errors = linesOf(log).filter((line) => /(^|[\s:])(fatal )?error:/i.test(line))
  return errors.length > 0 ? printed(errors.slice(0, MAX_LINES)) : lastLines(log)
}

/** The compiler's first error in the driver itself. */
export function firstError(log: Uint8Array): string | undefined {
  const line = linesOf(log).find((one) => DIAGNOSTIC.test(one) && !ofProbe(one))
  return line === undefined ? undefined : printable(line, MAX_LINE)
}

export const lastLines = (log: Uint8Array | undefined): string => printed(linesOf(log).slice(-MAX_LINES))

const printed = (lines: readonly string[]): string =>
  lines.map((line) => printable(line, MAX_LINE)).join('\n')

const linesOf = (log: Uint8Array | undefined): string[] =>
  new TextDecoder()
    .decode(log ?? new Uint8Array())
    .split('\n')
    .filter((line) => line.trim() !== '')
