// An image layout onto a disk: as a folder, and as one tar archive of it.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../command-line.ts'
import { type Layout, tarOf } from './layout.ts'
import { fileOf, sorted } from './tree.ts'

/** UsageError where something else is there than such a layout, or nothing. */
export function checkPlace(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, 'oci-layout'))) return
  if (readdirSync(folder).length > 0)
    throw new UsageError(`${folder} holds something else than an image layout: name another folder by --out`)
}

/**
 * In the place of one that is there; gives the path of the archive, `{folder}.tar`. A crash leaves a folder or a file of a
 * name that nobody looks for, and between the two moves no layout at all: the next run writes it.
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

/** Readers of such an archive want no entries of folders. */
const archiveOf = (files: Layout['files']): Uint8Array =>
  tarOf(sorted([...files].map(([path, body]) => fileOf(path, body))))
