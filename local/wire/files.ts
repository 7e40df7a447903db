// Reads and writes small files that survive the death of the process at any moment.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isObject, type Json, type JsonObject } from './json.ts'

/**
 * Replaces the complete file. A crash before the rename leaves the old file, and a `.tmp` that the next write of the file
 * replaces. The file survives the death of the process; with `durable`, also that of the machine.
 */
export function writeJson(file: string, value: unknown, options?: { durable: boolean }): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.tmp`, JSON.stringify(value), { mode: 0o600, flush: options?.durable === true })
  renameSync(`${file}.tmp`, file)
}

/** `undefined` if the file does not exist. */
export function readJson(file: string): JsonObject | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Json
    return isObject(value) ? value : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${file} cannot be read`, { cause: error })
  }
}

/** The paths of a folder's `.json` files, sorted by name. */
export function listJson(dir: string): string[] {
  try {
    const names = readdirSync(dir).filter((name) => name.endsWith('.json'))
    return names.sort().map((name) => join(dir, name))
  } catch {
    return []
  }
}

export const remove = (file: string): void => rmSync(file, { force: true, recursive: true })
