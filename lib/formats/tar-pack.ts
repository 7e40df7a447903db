// Writes a folder as a tar archive that depends only on names and contents: without owners, and with one time for all entries.
// POSIX.1-2001 ustar, with GNU tar's long names.
// Hand-written: digests cover these bytes, so no update of a library may change them.

import { gzipSync } from 'node:zlib'
import { ProbeError } from '../model/errors.ts'
import type { FolderEntry } from '../model/ports.ts'

export interface TarFile {
  /** relative, with `/` between folders */
  readonly path: string
  readonly body: Uint8Array
  readonly executable: boolean
}

const BLOCK = 512

interface Head {
  readonly name: string
  /** ustar: the folders before the name. Absent: GNU tar, which writes a long name as a separate entry */
  readonly prefix?: string
  readonly kind: '0' | '2' | '5' | 'K' | 'L'
  readonly mode: number
  readonly bytes: number
  readonly target: string
  /** seconds since the epoch */
  readonly time: number
}

/** A .tar.gz of the files, sorted by path. @throws {ProbeError} `malformed`: a path is too long for ustar. */
export function tarGz(files: readonly TarFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const blocks = sorted.flatMap(({ path, body, executable }) => {
    const head = { kind: '0', mode: modeOf(executable), bytes: body.length, target: '', time: 0 } as const
    return [block({ ...head, ...splitPath(path) }), body, filePadding(body.length)]
  })
  // A fixed level gives the same bytes each time; Node writes zero into gzip's time field.
  return gzipSync(Buffer.concat([...blocks, endOfArchive()]), { level: 6 })
}

const modeOf = (executable: boolean): number => (executable ? 0o755 : 0o644)

function splitPath(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name }
  }
  throw new ProbeError('malformed', `the path ${path} is too long for an archive`)
}

/** The header before a file's bytes, for archives that are written as a stream. `path`: at most 100 bytes. */
export const fileHead = (path: string, mode: number, bytes: number): Uint8Array =>
  block({ name: path, kind: '0', mode, bytes, target: '', time: 0 })
/** The padding after a file's bytes. */
export const filePadding = (bytes: number): Uint8Array => Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK)
/** The last bytes of an archive. */
export const endOfArchive = (): Uint8Array => Buffer.alloc(2 * BLOCK)

/** Writes the entries in their order; a chunk is valid until the next is read. `time`: seconds since the epoch. */
export function* packEntries(entries: Iterable<FolderEntry>, time = 0): Generator<Uint8Array> {
  for (const entry of entries) yield* packed(entry, time)
  yield endOfArchive()
}

function* packed(entry: FolderEntry, time: number): Generator<Uint8Array> {
  const { path } = entry
  switch (entry.tag) {
    case 'folder':
      return yield* head({ name: `${path}/`, kind: '5', mode: 0o755, bytes: 0, target: '', time })
    case 'symlink':
      return yield* head({ name: path, kind: '2', mode: 0o777, bytes: 0, target: entry.target, time })
    case 'file': {
      const { executable, bytes } = entry
      yield* head({ name: path, kind: '0', mode: modeOf(executable), bytes, target: '', time })
      yield* entry.chunks()
      if (bytes % BLOCK > 0) yield filePadding(bytes)
    }
  }
}

function* head(entry: Head): Generator<Uint8Array> {
  const { name, target } = entry
  if (Buffer.byteLength(target) > 100) yield* long('K', target)
  if (Buffer.byteLength(name) > 100) yield* long('L', name)
  yield block(entry)
}

function* long(kind: 'K' | 'L', value: string): Generator<Uint8Array> {
  const body = Buffer.from(`${value}\0`)
  yield block({ name: '././@LongLink', kind, mode: 0o644, bytes: body.length, target: '', time: 0 })
  yield Buffer.concat([body, filePadding(body.length)])
}

function block({ name, prefix, kind, mode, bytes, target, time }: Head): Uint8Array {
  const header = Buffer.alloc(BLOCK)
  Buffer.from(name).copy(header, 0, 0, 100)
  header.write(octal(mode, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(bytes, 11), 124)
  header.write(octal(time, 11), 136)
  // The checksum counts its own field as spaces.
  header.write('        ', 148)
  header.write(kind, 156)
  Buffer.from(target).copy(header, 157, 0, 100)
  header.write(prefix === undefined ? 'ustar  \0' : 'ustar\x0000', 257)
  header.write(prefix ?? '', 345, 155)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148)
  return header
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
