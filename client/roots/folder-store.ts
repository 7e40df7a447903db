// Implements Store on a folder, for the contents of a registry's input bucket without a registry.

import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256 } from '../../lib/model/digest.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import type { ListDates, Store } from '../../lib/model/ports.ts'

/**
 * Keys become paths below `folder`. A Store's keys contain no `..`. No key may be a parent folder of another
 * key.
 */
export function folderStore(folder: string): Store {
  const pathOf = (key: string): string => join(folder, key)
  const size = async (key: string): Promise<number | undefined> =>
    (await stat(pathOf(key)).catch(unlessAbsent))?.size
  const body = (key: string) => readFile(pathOf(key)).catch(unlessAbsent)
  return {
    size,
    stat: async (key) => {
      const found = await body(key)
      return found === undefined ? undefined : { sha256: sha256(found), bytes: found.length }
    },
    get: async (key, maxBytes) => {
      const bytes = await size(key)
      if (bytes === undefined) return undefined
      if (bytes > maxBytes) throw new ProbeError('too-large', `${pathOf(key)} has ${bytes} bytes`)
      return body(key)
    },
    // A crash leaves the complete file, or a temporary file that nobody reads.
    create: async (key, body, meta) => {
      if (sha256(body) !== meta.sha256) throw new Error(`${key} does not have its sha256`)
      const temporary = `${pathOf(key)}.${randomUUID()}`
      await mkdir(dirname(temporary), { recursive: true })
      try {
        await writeFile(temporary, body)
        await link(temporary, pathOf(key))
        return 'created'
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return 'exists'
        throw error
      } finally {
        await rm(temporary, { force: true })
      }
    },
  }
}

/**
 * Stores the date of each list as the name of a file in its folder. If several processes record dates, the
 * newest one remains. A crash may leave older files in the folder.
 */
export function folderListDates(folder: string): ListDates {
  const placeOf = (list: string): string => join(folder, 'list-dates', list.replaceAll('/', '_'))
  const dates = async (list: string): Promise<number[]> =>
    ((await readdir(placeOf(list)).catch(unlessAbsent)) ?? []).map(Number).filter(Number.isSafeInteger)
  return {
    newest: async (list) => {
      const all = await dates(list)
      return all.length === 0 ? undefined : Math.max(...all)
    },
    seen: async (list, date) => {
      const place = placeOf(list)
      await mkdir(place, { recursive: true })
      await writeFile(join(place, String(date)), '')
      const all = await dates(list)
      const older = all.filter((one) => one < Math.max(...all))
      await Promise.all(older.map((one) => rm(join(place, String(one)), { force: true })))
    },
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

function unlessAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
