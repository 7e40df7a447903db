// Unpacks a build root from the archive on standard input, and checks its digest. Arguments: DIR DIGEST.

import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { diskFolder } from '../../lib/aws/folder.ts'
import { digestOf } from '../../lib/build/roots/keep.ts'
import { treeEntries } from '../../lib/formats/tar-tree.ts'
import type { Folder } from '../../lib/model/ports.ts'

/** Maximum unpacked bytes. The largest root, of clang, has 1 GB. */
const MAX_UNPACKED = 3 * 1024 ** 3

/** A crash before the rename leaves a folder that nobody reads. */
function unpack(archive: Uint8Array, dir: string, digest: string): void {
  const temporary = join(dir, `.${randomUUID()}`)
  mkdirSync(temporary)
  try {
    chmodSync(temporary, 0o755)
    const folder = diskFolder(temporary)
    fill(folder, gunzipSync(archive, { maxOutputLength: MAX_UNPACKED }))
    const found = digestOf(folder)
    if (found !== digest) throw new Error(`it unpacks to ${found}: remove ${dir} and the files next to it`)
    if (!existsSync(join(dir, digest))) renameSync(temporary, join(dir, digest))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Unpacks our own archives, which list each folder before its contents and contain no hard links. */
function fill(folder: Folder, tar: Uint8Array): void {
  for (const entry of treeEntries(tar)) {
    switch (entry.tag) {
      case 'folder':
        folder.makeFolder(entry.path)
        break
      case 'file':
        folder.writeFile(entry.path, entry.body, entry.executable)
        break
      case 'symlink':
        folder.symlink(entry.path, entry.target)
        break
      case 'hardlink':
        throw new Error(`${entry.path} is a hard link, and build roots have no hard links`)
    }
  }
}

const [dir = '', digest = ''] = process.argv.slice(2)
try {
  unpack(await buffer(process.stdin), dir, digest)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  console.error(code === 'ENOSPC' ? `there is no space left in ${dir}: free about a gigabyte` : message)
  process.exitCode = 1
}
