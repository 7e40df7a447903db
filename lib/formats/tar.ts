// tar archives: written so that they depend on names and contents only; read within bounds, whoever wrote them.
// POSIX.1-2001 ustar, GNU tar.

import { isUtf8 } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { ProbeError } from '../model/errors.ts'

export interface TarFile {
  /** relative, `/` between folders */
  readonly path: string
  readonly body: Uint8Array
  readonly executable: boolean
}

const BLOCK = 512

/** No times, no owners, sorted. ProbeError `malformed` for a path that ustar cannot hold. */
export function tarGz(files: readonly TarFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const blocks = sorted.flatMap((file) => [header(file), padded(file.body)])
  // Level, and with it the bytes, are fixed; gzip's own time field is zero.
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 6 })
}

function header({ path, body, executable }: TarFile): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  const { prefix, name } = splitPath(path)
  block.write(name, 0, 100)
  block.write(executable ? '0000755\0' : '0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        0', 148)
  block.write('ustar\x0000', 257)
  block.write(prefix, 345, 155)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function splitPath(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name }
  }
  throw new ProbeError('malformed', `the path ${path} is too long for an archive`)
}

const padded = (body: Uint8Array): Uint8Array =>
  Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)])

interface TarEntry {
  /** as it stands in the archive, without a leading `./` */
  readonly path: string
  /** `0` or NUL a file, `5` a folder, `1` and `2` links, `x`, `g`, `L`, `K` headers of the next entry, ... */
  readonly type: string
  /** of a link, where it leads */
  readonly link: string
  readonly mode: number
  readonly body: Uint8Array
}

/** Up to the first empty name. A body is cut off where the archive is. */
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

/** ustar: prefix and name. */
function nameAt(tar: Uint8Array, at: number): string {
  const prefix = text(tar, at + 257, 5) === 'ustar' ? nameText(tar, at + 345, 155) : ''
  const name = nameText(tar, at, 100)
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '')
}

/** Up to the first NUL, a character a byte. */
export const text = (bytes: Uint8Array, at: number, length: number): string =>
  field(bytes, at, length).toString('latin1')

/** The same of a name, which is UTF-8 on every system of today. One that is not has a character a byte, so that it has one. */
export function nameText(bytes: Uint8Array, at: number, length: number): string {
  const name = field(bytes, at, length)
  return name.toString(isUtf8(name) ? 'utf8' : 'latin1')
}

function field(bytes: Uint8Array, at: number, length: number): Buffer {
  const whole = Buffer.from(bytes.subarray(at, at + length))
  const end = whole.indexOf(0)
  return end < 0 ? whole : whole.subarray(0, end)
}
