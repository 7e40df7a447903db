// Removes and adds ASCII armor (RFC 9580, section 6).

import { notOpenPgp } from './packets.ts'

const KINDS = { key: 'PUBLIC KEY BLOCK', signature: 'SIGNATURE' } as const

const BLOCK = /^-----BEGIN PGP ([A-Z ]+)-----[ \t]*\r?\n([\s\S]*?)^-----END PGP \1-----/gm
/** Lines `Version: ...`, and the empty line after them. */
const HEADERS = /^(?:[^\r\n:]+: ?[^\r\n]*\r?\n)*[ \t]*\r?\n/
/** This line only detects transmission errors, and by section 6.1 nothing may depend on it. */
const CHECKSUM = /^=[A-Za-z0-9+/]{4}[ \t]*\r?\n/m

/**
 * Returns the packets of each block of that kind; of a binary file, the file itself.
 * @throws {ProbeError} `signature-invalid`: a block is corrupt, or there is none.
 */
export function unarmor(file: Uint8Array, kind: keyof typeof KINDS): Uint8Array[] {
  // The first bit of a packet is set, and that of ASCII text is not.
  if (((file[0] ?? 0) & 0x80) !== 0) return [file]
  const blocks = [...Buffer.from(file).toString('latin1').matchAll(BLOCK)].filter(
    ([, name]) => name === KINDS[kind],
  )
  if (blocks.length === 0) throw notOpenPgp(`there is no -----BEGIN PGP ${KINDS[kind]}----- with its end`)
  return blocks.map(([, , text = '']) => decoded(text))
}

function decoded(text: string): Uint8Array {
  const base64 = text.replace(HEADERS, '').replace(CHECKSUM, '').replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw notOpenPgp('a block holds more than base64')
  return Buffer.from(base64, 'base64')
}

/** `keys`: by fingerprint and owner, each certificate in base64, which `gpg --export FINGERPRINT | base64 -w0` prints. */
export const publicKeys = (keys: Readonly<Record<string, string>>): string =>
  Object.values(keys)
    .map((key) => key.replace(/.{64}(?!$)/g, '$&\n'))
    .map((text) => `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${text}\n-----END PGP PUBLIC KEY BLOCK-----\n`)
    .join('')
