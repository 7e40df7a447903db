// Reads a kernel config as data, as Kconfig reads it, and reports the lines that it ignores.
// Hand-written: no reader was found on npm, and the text is hostile.

import { ProbeError } from '../model/errors.ts'
import { printable, quote } from '../model/text.ts'
import type { IgnoredLine, Kconfig, OptionValue } from './kconfig.ts'
import { readLine } from './line.ts'

/** A complete config of a distribution has 0.4 MB and 14,000 lines, the longest of 3,300 bytes. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024
const MAX_LINES = 100_000
const MAX_OPTIONS = 40_000
/** Of 784 real configs the worst had 26 options twice. */
export const MAX_IGNORED = 100
/** A config from a page or a terminal brings a few lines of that along. */
const FEW = 20

/** Of those that are looked into. */
const MAX_COMMENT = 600

const BYTE_ORDER_MARK = /^(?:\ufeff|\xef\xbb\xbf)/
/**
 * "Linux/x86 6.1.54 Kernel Configuration"; before 2.6.39 "Linux kernel version: 2.6.32". Photon OS has more "#" there, and
 * some vendors blanks in the version.
 */
const HEADER =
  /^#{1,3} Linux(?: kernel version:|(?:\/([a-z0-9_]{1,20}))?) (\d{1,3}\.\d{1,5}[A-Za-z0-9.+_~ -]{0,64}?)(?: Kernel Configuration)?[ \t\r]*$/
/** `comment "Compiler: $(CC_VERSION_TEXT)"` of init/Kconfig, Linux 4.18 to 5.7. */
const COMPILER = /^#{1,3} Compiler: ([\x21-\x7e][\x20-\x7e]{0,511})$/

/**
 * Lines `CONFIG_X=y|m|n|-1|0x1f|"text"`, `# CONFIG_X is not set`, other comments, and blank ones, ended by LF or CRLF.
 *
 * A build gets what is printed from this reading, never the text, so an ignored line cannot reach it. Where this reading
 * differs from Kconfig's (`conf_read_simple` of scripts/kconfig/confdata.c), a mistake could hide:
 * - A switch is its first letter, a string ends at the next quote without a backslash, and a comment needs no more than
 *   `is not set`, with any character after its `#`. As in Kconfig; `ignored` reports the rest of the line.
 * - Kconfig reads `#CONFIG_X is not set`, and the same with two blanks, as comments, and skips blanks before an option and
 *   around its `=`, a bare name, a capital Y and a string without an end. So does this; `ignored` reports each.
 * - Kconfig refuses a number with blanks after it. Here it counts: Kconfig writes no blanks, so copying added them.
 * - The last line of an option counts; `ignored` reports others that differ. Only if they differ in type, Kconfig, which
 *   knows the type, would take an earlier one.
 * - A NUL ends a line for Kconfig. Here a text with a NUL is not a config.
 * @throws {ProbeError} `bad-config` with the line and what was found there, for any other text.
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

interface ReadLines {
  readonly options: ReadonlyMap<string, OptionValue>
  /** in the order of the file */
  readonly ignored: readonly IgnoredLine[]
  /** of those, the ones that say nothing that Kconfig would read */
  readonly damaged: readonly IgnoredLine[]
}

function optionsOf(lines: readonly string[]): ReadLines {
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
    if (before !== undefined && !isSame(before, value))
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

const isSame = (one: OptionValue, other: OptionValue): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** Deleted first, so that an option is in the place of its last line. */
function add(options: Map<string, OptionValue>, name: string, value: OptionValue): void {
  options.delete(name)
  if (options.size === MAX_OPTIONS) throw badConfig(`it has more than ${MAX_OPTIONS} options`)
  options.set(name, value)
}

/** A few damaged lines leave a config what it is; a text of little else is another file. */
function checkIsConfig(options: number, damaged: readonly IgnoredLine[]): void {
  const [first] = damaged
  const such = first === undefined ? '' : `: line ${first.line} is ${quote(first.text)}`
  if (options === 0) throw badConfig(`it sets no option${such}`)
  if (damaged.length > MAX_IGNORED || (damaged.length > FEW && damaged.length > options))
    throw badConfig(`${damaged.length} of its lines are not of a config${such}`)
}

function headerOf(
  lines: readonly string[],
): Pick<Kconfig, 'headerVersion' | 'headerArch' | 'compilerComment'> {
  const comments = lines.filter((line) => line.startsWith('#') && line.length <= MAX_COMMENT)
  const first = (pattern: RegExp) =>
    comments.map((line) => pattern.exec(line)).find((found) => found !== null)
  const [, headerArch, headerVersion] = first(HEADER) ?? []
  return { headerVersion, headerArch, compilerComment: first(COMPILER)?.[1]?.trimEnd() }
}
