// Gives the synthesized stack of one registry to the next one with the same settings. This saves seconds; the registry itself
// checks whether the stack is current.

import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { keep } from '../keep.ts'

const KEPT = join(import.meta.dirname, '../../../.build/assemblies')
const FILES = ['cdk.out', 'cdk.digest']

const folderOf = (settings: string): string => join(KEPT, createHash('sha256').update(settings).digest('hex'))
const digestIn = (folder: string): string | undefined => {
  const file = join(folder, 'cdk.digest')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** Copies it to a data folder that has none. */
export function giveAssembly(dataDir: string, settings: string): void {
  const kept = folderOf(settings)
  if (digestIn(kept) === undefined || digestIn(dataDir) !== undefined) return
  for (const name of FILES) cpSync(join(kept, name), join(dataDir, name), { recursive: true })
}

/** Copies it from a ready registry. */
export function keepAssembly(dataDir: string, settings: string): void {
  const kept = folderOf(settings)
  const digest = digestIn(dataDir)
  if (digest === undefined || digest === digestIn(kept)) return
  mkdirSync(KEPT, { recursive: true })
  const making = mkdtempSync(join(KEPT, 'making-'))
  for (const name of FILES) cpSync(join(dataDir, name), join(making, name), { recursive: true })
  const now = digestIn(kept)
  const old = `${making}-old`
  if (now !== undefined && now !== digest) renameSync(kept, old)
  keep(making, kept)
  rmSync(old, { recursive: true, force: true })
}
