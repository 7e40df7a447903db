// Reads a kernel's Module.symvers: its exported symbols and their versions, which modpost writes into a module.

import { unpacked } from '../formats/sent.ts'
import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** Debian's file has 1.3 MB and 24,000 lines. */
const MAX_BYTES = 8 * 1024 * 1024
const MAX_LINES = 100_000

const CRC = /^0x[0-9a-f]{8}$/
const SYMBOL = /^[A-Za-z_][A-Za-z0-9_.]{0,255}$/
/** `vmlinux`, or a module's path without `.ko`. */
const MODULE = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./+-]{0,255}$/
const EXPORT = /^(?:EXPORT_[A-Z_]{1,40}|\(unknown\))$/
/** A name; since 6.16 also a list of modules, for EXPORT_SYMBOL_FOR_MODULES: `module:kvm-intel,kvm-amd`. */
const NAMESPACE = /^[A-Za-z0-9_.:,*?+-]{0,256}$/
const BLANKS = / {1,64}/

/**
 * Unpacks the file, and repairs changes that a copy may have made and that modpost does not accept: line ends of Windows, blanks
 * instead of tabs, a missing last line end. scripts/mod/modpost.c, `read_dump`, reads columns by position: crc, symbol, module
 * and export up to 5.3; crc, symbol, namespace, module and export in 5.4 and 5.5; crc, symbol, module, export and namespace
 * since. The order of columns stays, because the modpost of the same kernel's headers reads the file.
 *
 * `release`: decides which column is empty if blanks separate them.
 * @throws {ProbeError} `body-too-large`; `bad-field`, with the invalid line.
 */
export async function readSymvers(bytes: Uint8Array, release: string): Promise<Uint8Array> {
  const plain = await unpacked(bytes, { maxBytes: MAX_BYTES, tooLarge, broken: badSymvers })
  const text = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('latin1')
  const lines = text.replace(/^\xef\xbb\xbf/, '').split(/\r?\n/, MAX_LINES + 2)
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) throw badSymvers('it is empty')
  if (lines.length > MAX_LINES) throw badSymvers(`it has more than ${MAX_LINES} lines`)
  const columns = lines.map((line) => (line.includes('\t') ? line.split('\t', 6) : ofBlanks(line, release)))
  const bad = columns.findIndex((of) => !isEntry(of))
  if (bad >= 0) throw badSymvers(`its line ${bad + 1} is ${quote(lines[bad]!)}`)
  return Buffer.from(columns.map((of) => `${of.join('\t')}\n`).join(''), 'latin1')
}

function isEntry([crc = '', symbol = '', third = '', fourth = '', fifth, more]: readonly string[]): boolean {
  if (more !== undefined || !CRC.test(crc) || !SYMBOL.test(symbol)) return false
  const [module, exported, namespace = ''] =
    fifth !== undefined && EXPORT.test(fifth) ? [fourth, fifth, third] : [third, fourth, fifth]
  return MODULE.test(module) && EXPORT.test(exported) && NAMESPACE.test(namespace)
}

/** Splits a line at blanks. An empty column in the middle or at the end can be recognized only by the number of columns. */
function ofBlanks(line: string, release: string): string[] {
  const columns = line.trim().split(BLANKS, 6)
  if (columns.length !== 4) return columns
  const [major = 0, minor = 0] = (/^(\d{1,3})\.(\d{1,5})/.exec(release) ?? []).slice(1).map(Number)
  if (major === 5 && (minor === 4 || minor === 5)) return [...columns.slice(0, 2), '', ...columns.slice(2)]
  return major > 5 || (major === 5 && minor > 5) ? [...columns, ''] : columns
}

const badSymvers = (why: string): ProbeError =>
  new ProbeError(
    'bad-field',
    `symvers: this is not a Module.symvers: ${why}. Send /lib/modules/$(uname -r)/build/Module.symvers of the running kernel`,
  )

const tooLarge = (): ProbeError =>
  new ProbeError('body-too-large', `symvers: it has more than ${MAX_BYTES} bytes`)

/** Looks up exported symbols. `symvers`: uncompressed. In every format so far, the second column is the symbol. */
export const exportsOf = (symvers: Uint8Array): ((symbol: string) => boolean) => {
  const text = Buffer.from(symvers.buffer, symvers.byteOffset, symvers.byteLength)
  return (symbol) => new RegExp(`^0x[0-9a-f]+\\t${symbol}\\t`, 'm').test(text.toString('latin1'))
}
