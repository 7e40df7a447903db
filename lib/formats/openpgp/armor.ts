// ASCII armor (RFC 9580, section 6): every block of its kind in a file, or the file itself where it is binary.

import { notOpenPgp } from './packets.ts'

const KINDS = { key: 'PUBLIC KEY BLOCK', signature: 'SIGNATURE' } as const

const BLOCK = /^-----BEGIN PGP ([A-Z ]+)-----[ \t]*\r?\n([\s\S]*?)^-----END PGP \1-----/gm
/** Lines `Version: ...`, and the empty line after them. */
const HEADERS = /^(?:[^\r\n:]+: ?[^\r\n]*\r?\n)*[ \t]*\r?\n/
/** That line is for finding slips of a wire; nothing may rest on it (section 6.1). */
const CHECKSUM = /^=[A-Za-z0-9+/]{4}[ \t]*\r?\n/m

/** The packets of each block. ProbeError `signature-invalid` for a corrupt block, and for a file without one. */
export function unarmor(file: Uint8Array, kind: keyof typeof KINDS): Uint8Array[] {
  // The first bit of a packet is set; text has none.
  if (((file[0] ?? 0) & 0x80) !== 0) return [file]
  const blocks = [...latin1(file).matchAll(BLOCK)].filter(([, name]) => name === KINDS[kind])
  if (blocks.length === 0) throw notOpenPgp(`there is no -----BEGIN PGP ${KINDS[kind]}----- with its end`)
  return blocks.map(([, , text = '']) => decoded(text))
}

function decoded(text: string): Uint8Array {
  const base64 = text.replace(HEADERS, '').replace(CHECKSUM, '').replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw notOpenPgp('a block holds more than base64')
  return Buffer.from(base64, 'base64')
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
