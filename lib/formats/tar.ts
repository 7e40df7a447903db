// Reads tar archives in memory, and checks all bounds, because anyone may have written them. POSIX.1-2001 ustar, GNU tar.
// Hand-written: nanotar 0.3.0 reads a complete archive at once, checks no sums and ignores a cut; tar-stream is asynchronous.

import { isUtf8 } from 'node:buffer'
import { ProbeError } from '../model/errors.ts'

const BLOCK = 512

export interface TarEntry {
  /** as in the archive, without a leading `./` */
  readonly path: string
  /** `0` file, `5` folder, `1` and `2` links, `x`, `g`, `L` and `K` headers of the next entry, ... */
  readonly type: string
  /** target of a link */
  readonly link: string
  readonly mode: number
  readonly body: Uint8Array
}

/** Reads up to the first empty name. If the archive is cut off, so is the last body. */
export function* tarEntries(tar: Uint8Array): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const path = nameAt(tar, at)
    if (path === '' && text(tar, at, 100) === '') return
    const size = Number.parseInt(text(tar, at + 124, 12), 8) || 0
    if (size < 0) throw new ProbeError('digest-mismatch', 'a file in an archive has a negative size')
    const type = text(tar, at + 156, 1) || '0'
    const link = nameText(tar, at + 157, 100)
    const mode = Number.parseInt(text(tar, at + 100, 8), 8) || 0
    yield { path, type, link, mode, body: tar.subarray(at + BLOCK, at + BLOCK + size) }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
}

/** The path in the header at `at`; in ustar, prefix and name. */
export function nameAt(tar: Uint8Array, at: number): string {
  const prefix = text(tar, at + 257, 5) === 'ustar' ? nameText(tar, at + 345, 155) : ''
  const name = nameText(tar, at, 100)
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '')
}

/** The text up to the first NUL; each byte becomes one character. */
export const text = (bytes: Uint8Array, at: number, length: number): string =>
  field(bytes, at, length).toString('latin1')

/** The same for a name, which is normally UTF-8. In any other name, each byte becomes one character, so that no byte is lost. */
export function nameText(bytes: Uint8Array, at: number, length: number): string {
  const name = field(bytes, at, length)
  return name.toString(isUtf8(name) ? 'utf8' : 'latin1')
}

function field(bytes: Uint8Array, at: number, length: number): Buffer {
  const whole = Buffer.from(bytes.subarray(at, at + length))
  const end = whole.indexOf(0)
  return end < 0 ? whole : whole.subarray(0, end)
}
