// Reads a kernel config as data, by a grammar that is narrower than Kconfig's own: a config is hostile input.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'
import type { Kconfig, OptionValue } from './kconfig.ts'

/** A whole config of a distribution has 0.3 MB and 9,000 options, the longest line 100 bytes. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024
const MAX_LINE = 4096
const MAX_LINES = 100_000
const MAX_OPTIONS = 40_000

const NAME = '[A-Za-z0-9_]{1,128}'
const ASSIGNMENT = new RegExp(`^CONFIG_(${NAME})=(.*)$`)
const NOT_SET = new RegExp(`^# CONFIG_(${NAME}) is not set$`)
/** What `conf_read_simple` of scripts/kconfig/confdata.c takes for "not set", whatever follows it. */
const NOT_SET_TO_KCONFIG = /^#.CONFIG_[^ ]* is not set/
/** "Linux/x86 6.1.54 Kernel Configuration"; before 2.6.39 "Linux kernel version: 2.6.32". */
const HEADER =
  /^# Linux(?: kernel version:|(?:\/[a-z0-9_]{1,20})?) (\d{1,3}\.\d{1,5}[A-Za-z0-9.+_~-]{0,64})(?: Kernel Configuration)?$/

const NUMBER = /^-?(?:0|[1-9]\d{0,18})$/
const HEX = /^0x[0-9A-Fa-f]{1,16}$/
/**
 * `sym_escape_string_value` (scripts/kconfig/symbol.c) escapes quotes and backslashes and nothing else, so no
 * other escape is a config's own. `$` and backquotes are what make and the shell look for.
 */
const STRING = /^"((?:[^"\\$`]|\\["\\])*)"$/

/**
 * Lines `CONFIG_X=y|m|n|-1|0x1f|"text"`, `# CONFIG_X is not set`, other comments, and blank ones, ended by LF
 * or CRLF, in printable ASCII. Of an option that stands twice the last one counts, as to Kconfig: Bottlerocket's
 * configs, merged from several, have half a dozen of those.
 * ProbeError `bad-config`, for whatever text, with the line and what was found there; nothing else is thrown.
 */
export function parseKconfig(text: string): Kconfig {
  if (text.length > MAX_CONFIG_BYTES) {
    throw badConfig(`it has more than ${MAX_CONFIG_BYTES} bytes`)
  }
  checkCharacters(text)
  const lines = text.split(/\r?\n/, MAX_LINES + 1)
  if (lines.length > MAX_LINES) throw badConfig(`it has more than ${MAX_LINES} lines`)
  const options = new Map<string, OptionValue>()
  let headerVersion: string | undefined
  for (const [index, line] of lines.entries()) {
    if (line.length > MAX_LINE) throw badLine(index, `more than ${MAX_LINE} characters`, line)
    const option = optionOf(line, index)
    if (option !== undefined) add(options, option)
    else headerVersion ??= HEADER.exec(line)?.[1]
  }
  if (options.size === 0) throw badConfig('it sets no option')
  return { headerVersion, options }
}

export const badConfig = (why: string): ProbeError =>
  new ProbeError(
    'bad-config',
    `config: this is not a kernel config: ${why}. Send /proc/config.gz or /boot/config-$(uname -r) of the running kernel`,
  )

const badLine = (index: number, what: string, line: string): ProbeError =>
  badConfig(`line ${index + 1} has ${what}: ${quote(line)}`)

function checkCharacters(text: string): void {
  const at = text.search(/[^\t\n\r\x20-\x7e]|\r(?!\n)/)
  if (at < 0) return
  const lines = text.slice(0, at).split('\n')
  const code = text.charCodeAt(at).toString(16).padStart(2, '0')
  throw badLine(lines.length - 1, `character 0x${code} after`, lines.at(-1)!)
}

/** `undefined` for comments and blank lines. */
function optionOf(line: string, index: number): [string, OptionValue] | undefined {
  const notSet = NOT_SET.exec(line)
  if (notSet !== null) return [notSet[1]!, { tag: 'switch', value: 'n' }]
  if (NOT_SET_TO_KCONFIG.test(line)) throw badLine(index, 'more than "is not set"', line)
  if (line === '' || line.startsWith('#')) return undefined
  const [, name, text] = ASSIGNMENT.exec(line) ?? []
  if (name === undefined || text === undefined) throw badLine(index, 'neither an option nor a comment', line)
  const value = valueIn(text)
  if (value === undefined) throw badLine(index, 'a value that no config has', line)
  return [name, value]
}

function valueIn(text: string): OptionValue | undefined {
  if (text === 'y' || text === 'm' || text === 'n') return { tag: 'switch', value: text }
  if (NUMBER.test(text)) return { tag: 'number', digits: text }
  if (HEX.test(text)) return { tag: 'hex', digits: text }
  const escaped = STRING.exec(text)?.[1]
  if (escaped === undefined || escaped.includes('\t')) return undefined
  return { tag: 'string', text: escaped.replace(/\\(["\\])/g, '$1') }
}

/** Deleted first, so that an option stands where it was last said. */
function add(options: Map<string, OptionValue>, [name, value]: [string, OptionValue]): void {
  options.delete(name)
  if (options.size === MAX_OPTIONS) throw badConfig(`it has more than ${MAX_OPTIONS} options`)
  options.set(name, value)
}
