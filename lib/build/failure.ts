// Finds out why a build left no probe: the driver, or the registry's own tools. A log is hostile text; by lying, a driver can
// only have itself built again too early.

import type { FailureReason } from '../model/probe.ts'
import { printable } from '../model/text.ts'
import type { BuildReport } from './report.ts'

const MAX_LINES = 12
const MAX_LINE = 240

/** A build without a report was cut off from outside. */
export function failureOf(report: BuildReport | undefined, log?: Uint8Array): FailureReason {
  if (report === undefined) return 'build-lost'
  if (report.cause === 'time') return 'build-timeout'
  if (report.cause === 'tools') return 'build-broken'
  switch (report.stage) {
    case 'compile':
      return lacked(linesOf(log)) ? 'build-broken' : 'compile-error'
    case 'tree':
    case 'collect':
      return 'compile-error'
    default:
      return 'build-broken'
  }
}

/**
 * Whether the compiler lacked something that the registry provides, although the tools worked before. Lack of space or memory
 * decides, whatever other errors follow: it makes a driver's feature probes fail, and then the driver.
 */
const lacked = (lines: readonly string[]): boolean =>
  lines.some((line) => SHORTAGE.test(line) || KERNEL_FILE.test(line)) ||
  (lines.some((line) => COMMAND.test(line) && !ofProbe(line)) &&
    !lines.some((line) => DIAGNOSTIC.test(line) && !ofProbe(line)))

/** Messages of cp, awk, gcc, clang, ld, make and the kernel. */
const SHORTAGE =
  /[:(] ?No space left on device\)?$|: Killed signal terminated program |unable to execute command: Killed|^make(\[\d+\])?: \*\*\* \[[^\]]*\] (Killed|Error 137)$|: out of memory allocating |: Cannot (allocate memory|fork)$/

/** A file of the kernel's tree is missing. A file that a driver includes may be of other kernels. */
const KERNEL_FILE =
  /^(\/kernel\/|\/build\/kernel\/|\.\/)\S+:\d+: (fatal error: )?\S+: No such file or directory$|fatal error: \/(build\/)?kernel\/\S+: No such file or directory$|No rule to make target '\/(build\/)?kernel\//

/** A command that make could not find or execute. */
const COMMAND = /^make(\[\d+\])?: \*\*\* \[[^\]]*\] Error 12[67]$/

/** A compiler's error in the sources. */
const DIAGNOSTIC = /^\S+\.[chS]:\d+(:\d+)?: (fatal )?error: /

/** A driver's feature probes may fail; since Linux 6.13 messages name their files without the folder. */
const ofProbe = (line: string): boolean => line.includes('/configure/') || line.startsWith('test.c:')

/** The compiler's error lines, else the last lines. */
export function tellingLines(log: Uint8Array | undefined): string {
  const lines = linesOf(log)
  const errors = lines.filter((line) => /(^|[\s:])(fatal )?error:/i.test(line))
  const telling = errors.length > 0 ? errors.slice(0, MAX_LINES) : lines.slice(-MAX_LINES)
  return telling.map((line) => printable(line, MAX_LINE)).join('\n')
}

/** The compiler's first error in the driver itself. */
export function firstError(log: Uint8Array): string | undefined {
  const line = linesOf(log).find((one) => DIAGNOSTIC.test(one) && !ofProbe(one))
  return line === undefined ? undefined : printable(line, MAX_LINE)
}

export const lastLines = (log: Uint8Array | undefined): string =>
  linesOf(log)
    .slice(-MAX_LINES)
    .map((line) => printable(line, MAX_LINE))
    .join('\n')

const linesOf = (log: Uint8Array | undefined): string[] =>
  new TextDecoder()
    .decode(log ?? new Uint8Array())
    .split('\n')
    .filter((line) => line.trim() !== '')
