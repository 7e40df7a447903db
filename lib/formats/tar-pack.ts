// A folder as a tar archive that depends on names, contents and nothing else: no times, no owners, sorted.
// POSIX.1-2001 ustar, with GNU tar's long names.

import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = 512
const CHUNK = 1024 * 1024

type Kind = '0' | '2' | '5' | 'K' | 'L'

interface Head {
  readonly name: string
  readonly kind: Kind
  readonly mode: number
  readonly bytes: number
  readonly target: string
}

/** A chunk is good until the next one is asked for. Throws what the file system throws. */
export function* packFolder(folder: string): Generator<Uint8Array> {
  yield* packed(folder, '')
  yield Buffer.alloc(2 * BLOCK)
}

function* packed(root: string, path: string): Generator<Uint8Array> {
  for (const name of readdirSync(join(root, path)).sort(byBytes)) {
    const below = path === '' ? name : `${path}/${name}`
    const found = lstatSync(join(root, below))
    if (found.isDirectory()) {
      yield* head({ name: `${below}/`, kind: '5', mode: 0o755, bytes: 0, target: '' })
      yield* packed(root, below)
    } else if (found.isSymbolicLink()) {
      const target = readlinkSync(join(root, below))
      yield* head({ name: below, kind: '2', mode: 0o777, bytes: 0, target })
    } else if (found.isFile()) {
      const mode = (found.mode & 0o100) === 0 ? 0o644 : 0o755
      yield* head({ name: below, kind: '0', mode, bytes: found.size, target: '' })
      yield* contents(join(root, below), found.size)
    } else {
      throw new Error(`${below} is neither file, folder nor link`)
    }
  }
}

/** Not by locale, and not as UTF-16: as the names stand on the disk. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function* contents(file: string, bytes: number): Generator<Uint8Array> {
  const fd = openSync(file, 'r')
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, bytes)))
  try {
    for (let left = bytes; left > 0; ) {
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, left), null)
      if (read === 0) throw new Error(`${file} has become shorter while it was read`)
      left -= read
      yield buffer.subarray(0, read)
    }
  } finally {
    closeSync(fd)
  }
  const rest = bytes % BLOCK
  if (rest > 0) yield Buffer.alloc(BLOCK - rest)
}

function* head(entry: Head): Generator<Uint8Array> {
  const { name, target } = entry
  if (Buffer.byteLength(target) > 100) yield* long('K', target)
  if (Buffer.byteLength(name) > 100) yield* long('L', name)
  yield block(entry)
}

function* long(kind: 'K' | 'L', value: string): Generator<Uint8Array> {
  const body = Buffer.from(`${value}\0`)
  yield block({ name: '././@LongLink', kind, mode: 0o644, bytes: body.length, target: '' })
  yield Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)])
}

function block({ name, kind, mode, bytes, target }: Head): Uint8Array {
  const header = Buffer.alloc(BLOCK)
  Buffer.from(name).copy(header, 0, 0, 100)
  header.write(octal(mode, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(bytes, 11), 124)
  header.write(octal(0, 11), 136)
  // The sum counts its own field as spaces.
  header.write('        ', 148)
  header.write(kind, 156)
  Buffer.from(target).copy(header, 157, 0, 100)
  // GNU's own magic, as its long names go with it.
  header.write('ustar  \0', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  return header
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
