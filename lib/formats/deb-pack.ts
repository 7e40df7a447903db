// Writes a .deb (deb(5)), an ar archive with two tar archives, only from contents, names and one time.
// Hand-written: the same parts must give the same bytes, also on machines without dpkg-deb.

import { gzipSync } from 'node:zlib'
import type { FolderEntry } from '../model/ports.ts'
import { packEntries } from './tar-pack.ts'

export interface DebFile {
  /** relative to the root of the system, e.g. `usr/share/doc/x/copyright`; for control files only the name */
  readonly path: string
  readonly body: Uint8Array
  readonly executable?: boolean
}

export interface DebParts {
  /** `control`, `postinst`, ... */
  readonly control: readonly DebFile[]
  readonly data: readonly DebFile[]
  /** time of every file, in seconds since the epoch */
  readonly time: number
}

/** The same parts give the same bytes. Packs with gzip, because Node can write it and every dpkg can read it. */
export function packDeb({ control, data, time }: DebParts): Uint8Array {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...member('debian-binary', Buffer.from('2.0\n'), time),
    ...member('control.tar.gz', tarOf(control, time), time),
    ...member('data.tar.gz', tarOf(data, time), time),
  ])
}

/** A header of sixty bytes, and a body that is padded to an even number of bytes. */
function member(name: string, body: Uint8Array, time: number): Uint8Array[] {
  const fields = [name.padEnd(16), String(time).padEnd(12), '0     ', '0     ', '100644  ']
  const head = Buffer.from(`${fields.join('')}${String(body.length).padEnd(10)}\`\n`)
  return [head, body, Buffer.from('\n'.repeat(body.length % 2))]
}

function tarOf(files: readonly DebFile[], time: number): Uint8Array {
  return gzipSync(Buffer.concat([...packEntries(entriesOf(files), time)]), { level: 9 })
}

/** dpkg creates only folders that the archive lists, and expects paths that begin with `./`. */
function entriesOf(files: readonly DebFile[]): FolderEntry[] {
  const folders = new Set(['.', ...files.flatMap(({ path }) => parentsOf(`./${path}`))])
  const entries: FolderEntry[] = [
    ...[...folders].map((path) => ({ tag: 'folder' as const, path })),
    ...files.map(({ path, body, executable = false }) => ({
      ...{ tag: 'file' as const, path: `./${path}`, executable, bytes: body.length },
      chunks: () => [body],
    })),
  ]
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** `./a/b` -> `.`, `./a`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}
