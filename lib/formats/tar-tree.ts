// The entries of a tar archive with their full names: GNU tar's long names, as dpkg-deb writes them (deb(5)).

import { ProbeError } from '../model/errors.ts'
import { nameText, tarEntries } from './tar.ts'

export type TreeEntry =
  | { readonly tag: 'folder'; readonly path: string }
  | { readonly tag: 'file'; readonly path: string; readonly executable: boolean; readonly body: Uint8Array }
  /** `target`: as in the archive, relative to the link's own folder or from the root */
  | { readonly tag: 'symlink'; readonly path: string; readonly target: string }
  /** `target`: path of an entry before it */
  | { readonly tag: 'hardlink'; readonly path: string; readonly target: string }

const EXECUTABLE = 0o100

/**
 * Paths are relative, without `.` and `..`.
 * @throws {ProbeError} `digest-mismatch` for any that are not, and for what is neither folder, file nor link: a device has
 * no place in what this is used for.
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

function entryOf(
  path: string,
  target: string,
  { type, mode, body }: { readonly type: string; readonly mode: number; readonly body: Uint8Array },
): TreeEntry {
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
      throw new ProbeError(
        'digest-mismatch',
        `${path} in an archive is of the type ${type}, which is not unpacked`,
      )
  }
}

/** Without `./` and a slash at its end. */
function plain(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (!name.startsWith('/') && !parts.includes('..')) return parts.join('/')
  throw new ProbeError(
    'digest-mismatch',
    `an archive has an entry ${JSON.stringify(name)}, outside of its folder`,
  )
}
