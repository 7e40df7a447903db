// A text with its signature around it (RFC 9580, section 7): Debian's InRelease, kernel.org's sha256sums.asc.

import { notOpenPgp } from './packets.ts'
import { readSignatures, type Signature } from './signature.ts'

export interface Cleartext {
  /** what is signed, without the rest of the file */
  readonly text: string
  /** the bytes that are hashed for a signature of type text */
  readonly signed: Uint8Array
  readonly signatures: readonly Signature[]
}

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'

/** Whether a file says that it is one. */
export const isCleartext = (file: Uint8Array): boolean =>
  Buffer.from(file.subarray(0, BEGIN.length)).toString('latin1') === BEGIN

/** @throws {ProbeError} `signature-invalid` for what is not a signed text. */
export function readCleartext(file: Uint8Array): Cleartext {
  const lines = Buffer.from(file).toString('latin1').split(/\r?\n/)
  const empty = lines.indexOf('')
  const end = lines.indexOf(SIGNATURE)
  if (lines[0]?.trimEnd() !== BEGIN || empty < 0 || end < empty) throw notOpenPgp('it is not a signed text')
  // Any other line there would be read as text by one reader, and not by another.
  if (!lines.slice(1, empty).every((line) => /^Hash: [A-Za-z0-9, -]+$/.test(line)))
    throw notOpenPgp('its first lines say more than the hash')
  const signed = lines.slice(empty + 1, end).map((line) => unescaped(line).replace(/[ \t]+$/, ''))
  const block = Buffer.from(lines.slice(end).join('\n'), 'latin1')
  return {
    text: Buffer.from(signed.join('\n'), 'latin1').toString('utf8'),
    signed: Buffer.from(signed.join('\r\n'), 'latin1'),
    signatures: readSignatures(block),
  }
}

/** Section 7.2: a line that begins with a dash is written with another before it. */
function unescaped(line: string): string {
  if (line.startsWith('- ')) return line.slice(2)
  if (line.startsWith('-')) throw notOpenPgp('a line of its text begins with a dash')
  return line
}
