// Writes an image layout to disk, as a folder and as a tar archive.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../command-line.ts'
import { type Layout, tarOf } from './layout.ts'
import { fileOf, sorted } from './tree.ts'

/** Refuses a folder that contains anything but such a layout. @throws {UsageError} */
export function checkPlace(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, 'oci-layout'))) return
  if (readdirSync(folder).length > 0)
    throw new UsageError(`${folder} holds something else than an image layout: name another folder by --out`)
}

/**
 * Replaces an existing layout; returns the path of the archive, `{folder}.tar`. A crash leaves a temporary
 * folder or file that nobody reads. A crash between the two renames leaves no layout; the next run writes it.
 */
export function writeLayout(place: string, { files }: Layout): string {
  const folder = resolve(place)
  const temporary = join(dirname(folder), `.image-${randomUUID()}`)
  try {
    for (const [path, body] of files) {
      mkdirSync(dirname(join(temporary, path)), { recursive: true })
      writeFileSync(join(temporary, path), body)
    }
    writeFileSync(`${temporary}.tar`, archiveOf(files))
    rmSync(folder, { recursive: true, force: true })
    renameSync(temporary, folder)
    renameSync(`${temporary}.tar`, `${folder}.tar`)
    return `${folder}.tar`
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    rmSync(`${temporary}.tar`, { force: true })
  }
}

/** Packs the layout without folder entries, because readers of such archives do not expect them. */
const archiveOf = (files: Layout['files']): Uint8Array =>
  tarOf(sorted([...files].map(([path, body]) => fileOf(path, body))))
