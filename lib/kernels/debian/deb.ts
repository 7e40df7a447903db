// One small file out of a .deb: ar(5), with data.tar.xz inside (deb(5)).

import xz from 'xz-decompress'
import { ProbeError } from '../../errors.ts'

const AR_MAGIC = '!<arch>\n'
const AR_HEADER = 60
const BLOCK = 512
/** Above the unpacked header package of one kernel, 15 MB. */
const MAX_UNPACKED = 128 * 1024 * 1024

/** The file at `path` (without the leading `./`); `undefined` when the package has none. ProbeError `digest-mismatch`, `too-large`. */
export async function fileInDeb(
  deb: Uint8Array,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const tar = await unxz(member(deb, 'data.tar.xz'))
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const size = Number.parseInt(text(tar, at + 124, 12), 8) || 0
    if (size < 0) throw broken('a file in its data.tar has a negative size')
    if (nameAt(tar, at) === path) {
      if (size > maxBytes)
        throw new ProbeError('too-large', `${path} has ${size} bytes; ${maxBytes} are allowed`)
      return tar.subarray(at + BLOCK, at + BLOCK + size)
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return undefined
}

function member(deb: Uint8Array, name: string): Uint8Array {
  if (text(deb, 0, AR_MAGIC.length) !== AR_MAGIC) throw broken('it is no ar archive')
  for (let at = AR_MAGIC.length; at + AR_HEADER <= deb.length; ) {
    const size = Number(text(deb, at + 48, 10))
    if (!Number.isSafeInteger(size) || size < 0) throw broken('a member has no proper size')
    const found = text(deb, at, 16).trim().replace(/\/$/, '')
    if (found === name) return deb.subarray(at + AR_HEADER, at + AR_HEADER + size)
    // Members begin at even offsets.
    at += AR_HEADER + size + (size % 2)
  }
  throw broken(`it holds no ${name}`)
}

async function unxz(data: Uint8Array): Promise<Uint8Array> {
  const stream = new xz.XzReadableStream(new Blob([data as Uint8Array<ArrayBuffer>]).stream())
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_UNPACKED)
      throw new ProbeError('too-large', `a package unpacks to more than ${MAX_UNPACKED} bytes`)
    chunks.push(chunk.slice())
  }
  return Buffer.concat(chunks)
}

/** ustar: prefix and name. */
function nameAt(tar: Uint8Array, at: number): string {
  const prefix = text(tar, at + 345, 155)
  const name = text(tar, at, 100)
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '')
}

/** Up to the first NUL, a character a byte. */
const text = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + length))
    .toString('latin1')
    .replace(/\0.*$/s, '')

const broken = (why: string): ProbeError =>
  new ProbeError('digest-mismatch', `this is no Debian package: ${why}`)
