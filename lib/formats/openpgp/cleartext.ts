// Reads texts with a cleartext signature (RFC 9580, section 7), such as Debian's InRelease and kernel.org's sha256sums.asc.

import { notOpenPgp } from './packets.ts'
import { readSignatures } from './signature.ts'

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'

/** True if the file begins like a signed text. */
export const isCleartext = (file: Uint8Array): boolean =>
  Buffer.from(file.subarray(0, BEGIN.length)).toString('latin1') === BEGIN

/** @throws {ProbeError} `signature-invalid`: it is not a signed text. */
export function readCleartext(file: Uint8Array) {
  const lines = Buffer.from(file).toString('latin1').split(/\r?\n/)
  const empty = lines.indexOf('')
  const end = lines.indexOf(SIGNATURE)
  if (lines[0]?.trimEnd() !== BEGIN || empty < 0 || end < empty) throw notOpenPgp('it is not a signed text')
  // One reader would read any other line here as a part of the text, and another reader would not.
  if (!lines.slice(1, empty).every((line) => /^Hash: [A-Za-z0-9, -]+$/.test(line)))
    throw notOpenPgp('its first lines say more than the hash')
  const signed = lines.slice(empty + 1, end).map((line) => unescaped(line).replace(/[ \t]+$/, ''))
  const block = Buffer.from(lines.slice(end).join('\n'), 'latin1')
  return {
    /** the signed text, without the rest of the file */
    text: Buffer.from(signed.join('\n'), 'latin1').toString('utf8'),
    /** the bytes that a signature of type text hashes */
    signed: Buffer.from(signed.join('\r\n'), 'latin1'),
    signatures: readSignatures(block),
  }
}

/** Section 7.2: the writer puts `- ` before a line that begins with a dash. */
function unescaped(line: string): string {
  if (line.startsWith('- ')) return line.slice(2)
  if (line.startsWith('-')) throw notOpenPgp('a line of its text begins with a dash')
  return line
}
