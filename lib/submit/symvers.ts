// A kernel's Module.symvers as data: the versions of its symbols, which modpost writes into a module.

import { unpacked } from '../formats/gzip.ts'
import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'

/** Debian's has 1.3 MB and 24,000 lines. */
const MAX_BYTES = 8 * 1024 * 1024
const MAX_LINES = 100_000

/** CRC, symbol, module, kind of export, and since 5.4 the namespace: scripts/mod/modpost.c, `read_dump`. */
const LINE =
  /^0x[0-9a-f]{8}\t[A-Za-z_][A-Za-z0-9_.]{0,255}\t[A-Za-z0-9_][A-Za-z0-9_./+-]{0,255}\tEXPORT_[A-Z_]{1,40}(?:\t[A-Za-z0-9_]{0,128})?$/

/**
 * The plain text of a file that came plain or in gzip. ProbeError `body-too-large`, and `bad-field` with the line that no
 * Module.symvers has.
 */
export function readSymvers(bytes: Uint8Array): Uint8Array {
  const plain = unpacked(bytes, { maxBytes: MAX_BYTES, tooLarge, broken: badSymvers })
  const lines = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('latin1').split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw badSymvers('its last line has no end')
  if (lines.length > MAX_LINES) throw badSymvers(`it has more than ${MAX_LINES} lines`)
  const bad = lines.findIndex((line) => !LINE.test(line) || line.includes('..'))
  if (bad >= 0) throw badSymvers(`its line ${bad + 1} is ${quote(lines[bad]!)}`)
  return plain
}

const badSymvers = (why: string): ProbeError =>
  new ProbeError(
    'bad-field',
    `symvers: this is no Module.symvers: ${why}. Send /lib/modules/$(uname -r)/build/Module.symvers of the running kernel`,
  )

const tooLarge = (): ProbeError =>
  new ProbeError('body-too-large', `symvers: it has more than ${MAX_BYTES} bytes`)
