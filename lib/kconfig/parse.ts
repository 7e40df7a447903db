// Parses a kernel config as Kconfig does, and reports ignored lines.
// Hand-written: no parser was found on npm, and the text may be hostile.

import { isDeepStrictEqual } from 'node:util'
import { ProbeError } from '../model/errors.ts'
import { printable, quote } from '../model/text.ts'
import type { IgnoredLine, Kconfig, OptionValue } from './kconfig.ts'
import { readLine } from './line.ts'

/** A distribution's complete config has 0.4 MB and 14,000 lines; the longest line has 3,300 bytes. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024
const MAX_LINES = 100_000
const MAX_OPTIONS = 40_000
/** The worst of 784 real configs had 26 duplicate options. */
export const MAX_IGNORED = 100
/** Damaged lines that are always accepted: a copy from a page or a terminal contains a few other lines. */
const FEW = 20

/** Longest comment that is parsed. */
const MAX_COMMENT = 600

const BYTE_ORDER_MARK = /^(?:\ufeff|\xef\xbb\xbf)/
/**
 * "Linux/x86 6.1.54 Kernel Configuration"; before 2.6.39 "Linux kernel version: 2.6.32". Photon OS writes more than one "#",
 * and some vendors' versions contain blanks.
 */
const HEADER =
  /^#{1,3} Linux(?: kernel version:|(?:\/([a-z0-9_]{1,20}))?) (\d{1,3}\.\d{1,5}[A-Za-z0-9.+_~ -]{0,64}?)(?: Kernel Configuration)?[ \t\r]*$/
/** `comment "Compiler: $(CC_VERSION_TEXT)"` in init/Kconfig of Linux 4.18 to 5.7. */
const COMPILER = /^#{1,3} Compiler: ([\x21-\x7e][\x20-\x7e]{0,511})$/

/**
 * Accepts lines `CONFIG_X=y|m|n|-1|0x1f|"text"`, `# CONFIG_X is not set`, other comments, and blank lines. They end with LF or
 * CRLF.
 *
 * A build gets a config that is printed from the parsed options and never the text, so an ignored line cannot reach it. If this
 * parser differed from Kconfig's (`conf_read_simple` in scripts/kconfig/confdata.c), an attacker could use the difference:
 * - As in Kconfig, the value of a switch is its first letter, and a string ends at the next quote without a backslash. After the
 *   `#` of `# CONFIG_X is not set`, any one character may stand for the blank. `ignored` reports the rest of such lines.
 * - As in Kconfig, `#CONFIG_X is not set` is only a comment, also with two blanks. Lines with blanks before an option or around
 *   its `=`, a bare name, a capital Y, or a string without an end have no effect. `ignored` reports each.
 * - Kconfig refuses a number with blanks after it. This parser accepts it: Kconfig writes no blanks, so copying added them.
 * - The last line of an option counts, and `ignored` reports earlier ones that differ. Kconfig, which knows the option's type,
 *   would use an earlier line only if the last one is of another type.
 * - For Kconfig, a NUL ends a line. This parser refuses a text with a NUL.
 * @throws {ProbeError} `bad-config`: the text is not a config; the message quotes the line.
 */
export function parseKconfig(text: string): Kconfig {
  if (text.length > MAX_CONFIG_BYTES) throw badConfig(`it has more than ${MAX_CONFIG_BYTES} bytes`)
  checkText(text)
  const lines = text.replace(BYTE_ORDER_MARK, '').split(/\r?\n/, MAX_LINES + 1)
  if (lines.length > MAX_LINES) throw badConfig(`it has more than ${MAX_LINES} lines`)
  const { options, ignored, damaged } = optionsOf(lines)
  checkIsConfig(options.size, damaged)
  return {
    ...headerOf(lines),
    whole: [...options.values()].some((value) => value.tag === 'switch' && value.value === 'n'),
    options,
    ignored: ignored.slice(0, MAX_IGNORED),
    ignoredLines: ignored.length,
  }
}

export const badConfig = (why: string): ProbeError =>
  new ProbeError(
    'bad-config',
    `config: this is not a kernel config: ${why}. Send /proc/config.gz or /boot/config-$(uname -r) of the running kernel`,
  )

function checkText(text: string): void {
  const at = text.indexOf('\0')
  if (at < 0) return
  const line = text.slice(0, at).split('\n').length
  throw badConfig(`line ${line} has a NUL, which only binary files and text in UTF-16 have`)
}

/** `ignored`: in the order of the file. `damaged`: the lines among them that Kconfig would ignore completely. */
function optionsOf(lines: readonly string[]) {
  const options = new Map<string, OptionValue>()
  const stood = new Map<string, number>()
  const ignored: IgnoredLine[] = []
  const damaged: IgnoredLine[] = []
  for (const [index, line] of lines.entries()) {
    const read = readLine(line)
    if (read.ignored !== undefined) ignored.push(said(lines, index, read.ignored))
    if (read.tag === 'damaged') damaged.push(said(lines, index, read.ignored))
    if (read.tag !== 'option') continue
    const { name, value } = read
    const before = options.get(name)
    if (before !== undefined && !isDeepStrictEqual(before, value))
      ignored.push(said(lines, stood.get(name)!, `line ${index + 1} says otherwise, and counts`))
    stood.set(name, index)
    add(options, name, value)
  }
  return { options, ignored: ignored.sort((a, b) => a.line - b.line), damaged }
}

const said = (lines: readonly string[], index: number, why: string): IgnoredLine => ({
  line: index + 1,
  text: printable(lines[index]!, 80),
  why,
})

/** Deletes the option first, so that its position is that of its last line. */
function add(options: Map<string, OptionValue>, name: string, value: OptionValue): void {
  options.delete(name)
  if (options.size === MAX_OPTIONS) throw badConfig(`it has more than ${MAX_OPTIONS} options`)
  options.set(name, value)
}

/** Accepts a config with a few damaged lines. Refuses a text with mostly such lines, because it is another file. */
function checkIsConfig(options: number, damaged: readonly IgnoredLine[]): void {
  const [first] = damaged
  const such = first === undefined ? '' : `: line ${first.line} is ${quote(first.text)}`
  if (options === 0) throw badConfig(`it sets no option${such}`)
  if (damaged.length > MAX_IGNORED || (damaged.length > FEW && damaged.length > options))
    throw badConfig(`${damaged.length} of its lines are not of a config${such}`)
}

function headerOf(lines: readonly string[]) {
  const comments = lines.filter((line) => line.startsWith('#') && line.length <= MAX_COMMENT)
  const first = (pattern: RegExp) =>
    comments.map((line) => pattern.exec(line)).find((found) => found !== null)
  const [, headerArch, headerVersion] = first(HEADER) ?? []
  return { headerVersion, headerArch, compilerComment: first(COMPILER)?.[1]?.trimEnd() }
}
