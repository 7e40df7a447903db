// A .tar.gz that depends on names and contents only: no times, no owners, sorted. POSIX.1-2001 ustar.

import { gzipSync } from 'node:zlib'
import { ProbeError } from '../model/errors.ts'

export interface TarFile {
  /** relative, `/` between folders */
  readonly path: string
  readonly body: Uint8Array
  readonly executable: boolean
}

const BLOCK = 512

/** ProbeError `malformed` for a path that ustar cannot hold. */
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
