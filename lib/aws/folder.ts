// Implements the port Folder on a disk.

import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Folder, FolderEntry } from '../model/ports.ts'

const CHUNK = 1024 * 1024

/** Ignores the umask and makes everything readable for all users, because builds run as another user. */
export function diskFolder(root: string): Folder {
  const at = (path: string): string => join(root, path)
  return {
    makeFolder: (path) => {
      fs.mkdirSync(at(path))
      fs.chmodSync(at(path), 0o755)
    },
    writeFile: (path, body, executable) => {
      fs.writeFileSync(at(path), body, { flag: 'wx' })
      fs.chmodSync(at(path), executable ? 0o755 : 0o644)
    },
    symlink: (path, target) => fs.symlinkSync(target, at(path)),
    sameFile: (path, of) => fs.linkSync(at(of), at(path)),
    readFile: (path) => fs.readFileSync(at(path)),
    entries: () => entriesOf(root, ''),
  }
}

function* entriesOf(root: string, path: string): Generator<FolderEntry> {
  for (const name of fs.readdirSync(join(root, path)).sort(byBytes)) {
    const below = path === '' ? name : `${path}/${name}`
    const found = fs.lstatSync(join(root, below))
    if (found.isDirectory()) {
      yield { tag: 'folder', path: below }
      yield* entriesOf(root, below)
    } else if (found.isSymbolicLink()) {
      yield { tag: 'symlink', path: below, target: fs.readlinkSync(join(root, below)) }
    } else if (found.isFile()) {
      const chunks = () => chunksOf(join(root, below), found.size)
      yield { tag: 'file', path: below, executable: (found.mode & 0o100) !== 0, bytes: found.size, chunks }
    } else {
      throw new Error(`${below} is neither file, folder nor link`)
    }
  }
}

/** Compares the bytes of the names, independent of locale and of UTF-16. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function* chunksOf(file: string, bytes: number): Generator<Uint8Array> {
  const fd = fs.openSync(file, 'r')
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, bytes)))
  try {
    for (let left = bytes; left > 0; ) {
      const read = fs.readSync(fd, buffer, 0, Math.min(buffer.length, left), null)
      if (read === 0) throw new Error(`${file} has become shorter while it was read`)
      left -= read
      yield buffer.subarray(0, read)
    }
  } finally {
    fs.closeSync(fd)
  }
}
