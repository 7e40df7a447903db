// Packs a local folder of driver sources into an archive, for the local registry: the cloud cannot read the operator's disk.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { tarGz } from '../formats/tar-pack.ts'
import { ProbeError } from '../model/errors.ts'

/** Folders without driver sources: repositories, old build trees, packages. */
const SKIPPED = new Set(['.git', 'build', 'node_modules'])
const MAX_FILES = 20_000

/** Packs only regular files, and follows no links. @throws {ProbeError} `driver-source-not-found`, `too-large`. */
export async function readDirectory(path: string): Promise<Uint8Array> {
  const paths = await filesBelow(path).catch((cause: unknown) => {
    throw new ProbeError('driver-source-not-found', `the folder of driver sources ${path} cannot be read`, {
      cause,
    })
  })
  if (paths.length > MAX_FILES) throw new ProbeError('too-large', `${path} holds ${paths.length} files`)
  const files = paths.map(async (file) => ({
    path: relative(path, file).replaceAll(sep, '/'),
    body: await readFile(file),
    executable: ((await stat(file)).mode & 0o100) !== 0,
  }))
  return tarGz(await Promise.all(files))
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path)
    return entry.isFile() ? [path] : []
  })
  return (await Promise.all(found)).flat()
}
