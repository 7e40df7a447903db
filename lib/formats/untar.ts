// The entries of a tar archive, maybe packed with xz: bounded, whoever wrote it. POSIX.1-2001 ustar, GNU tar.

import xz from 'xz-decompress'
import { ProbeError } from '../model/errors.ts'

const BLOCK = 512

export interface TarEntry {
  /** as it stands in the archive, without a leading `./` */
  readonly path: string
  /** `0` or NUL a file, `5` a folder, `1` and `2` links, `x`, `g`, `L`, `K` headers of the next entry, ... */
  readonly type: string
  readonly body: Uint8Array
}

/** ProbeError `too-large`; any error of its own for what is no xz. */
export async function unxz(data: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const stream = new xz.XzReadableStream(new Blob([data as Uint8Array<ArrayBuffer>]).stream())
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new ProbeError('too-large', `it unpacks to more than ${maxBytes} bytes`)
    chunks.push(chunk.slice())
  }
  return Buffer.concat(chunks)
}

/** Up to the first empty name. A body is cut off where the archive is. */
export function* tarEntries(tar: Uint8Array): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const path = nameAt(tar, at)
    if (path === '' && text(tar, at, 100) === '') return
    const size = Number.parseInt(text(tar, at + 124, 12), 8) || 0
    if (size < 0) throw new ProbeError('digest-mismatch', 'a file in an archive has a negative size')
    const type = text(tar, at + 156, 1) || '0'
    yield { path, type, body: tar.subarray(at + BLOCK, at + BLOCK + size) }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
}

/** ustar: prefix and name. */
function nameAt(tar: Uint8Array, at: number): string {
  const prefix = text(tar, at + 257, 5) === 'ustar' ? text(tar, at + 345, 155) : ''
  const name = text(tar, at, 100)
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '')
}

/** Up to the first NUL, a character a byte. */
export const text = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + length))
    .toString('latin1')
    .replace(/\0.*$/s, '')
