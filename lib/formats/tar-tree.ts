// Reads the entries of a tar archive with their complete names. Supports GNU tar's long names, which dpkg-deb writes (deb(5)).

import { ProbeError } from '../model/errors.ts'
import { nameText, type TarEntry, tarEntries } from './tar.ts'

export type TreeEntry =
  | { readonly tag: 'folder'; readonly path: string }
  | { readonly tag: 'file'; readonly path: string; readonly executable: boolean; readonly body: Uint8Array }
  /** `target`: as in the archive, absolute or relative to the link's folder */
  | { readonly tag: 'symlink'; readonly path: string; readonly target: string }
  /** `target`: path of an earlier entry */
  | { readonly tag: 'hardlink'; readonly path: string; readonly target: string }

const EXECUTABLE = 0o100

/**
 * Returned paths are relative, without `.` and `..`.
 * @throws {ProbeError} `digest-mismatch`: a path leads out of the archive's folder, or an entry is not a folder, file or link.
 * Callers never need devices.
 */
export function* treeEntries(tar: Uint8Array): Generator<TreeEntry> {
  let long: { name?: string; target?: string } = {}
  for (const entry of tarEntries(tar)) {
    if (entry.type === 'L' || entry.type === 'K') {
      const value = nameText(entry.body, 0, entry.body.length)
      long = entry.type === 'L' ? { ...long, name: value } : { ...long, target: value }
      continue
    }
    const path = plain(long.name ?? entry.path)
    const target = long.target ?? entry.link
    long = {}
    if (path === '') continue
    yield entryOf(path, target, entry)
  }
}

function entryOf(path: string, target: string, { type, mode, body }: TarEntry): TreeEntry {
  switch (type) {
    case '0':
      return { tag: 'file', path, executable: (mode & EXECUTABLE) !== 0, body }
    case '1':
      return { tag: 'hardlink', path, target: plain(target) }
    case '2':
      return { tag: 'symlink', path, target }
    case '5':
      return { tag: 'folder', path }
    default:
      throw broken(`${path} in an archive is of the type ${type}, which is not unpacked`)
  }
}

/** Removes `./` and a final slash. */
function plain(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (!name.startsWith('/') && !parts.includes('..')) return parts.join('/')
  throw broken(`an archive has an entry ${JSON.stringify(name)}, outside of its folder`)
}

const broken = (message: string): ProbeError => new ProbeError('digest-mismatch', message)
