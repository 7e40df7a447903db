// A folder as a Store: what a registry keeps in its bucket of inputs, for those who work without a registry.

import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProbeError } from '../../lib/model/errors.ts'
import type { ListDates, Store } from '../../lib/model/ports.ts'

/** Keys become paths below `folder`, as a Store's have no `..`. */
export function folderStore(folder: string): Store {
  const pathOf = (key: string): string => join(folder, key)
  const size = async (key: string): Promise<number | undefined> =>
    (await stat(pathOf(key)).catch(unlessAbsent))?.size
  return {
    size,
    get: async (key, maxBytes) => {
      const bytes = await size(key)
      if (bytes === undefined) return undefined
      if (bytes > maxBytes) throw new ProbeError('too-large', `${pathOf(key)} has ${bytes} bytes`)
      return readFile(pathOf(key)).catch(unlessAbsent)
    },
    // A crash leaves the whole file, or one of a name that nobody looks for.
    create: async (key, body) => {
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

/** Dates of lists in the same folder, one file a list. A crash while it is written leaves one that is read anew. */
export function folderListDates(folder: string): ListDates {
  const file = (list: string): string => join(folder, 'list-dates', `${list.replaceAll('/', '_')}.json`)
  const newest = async (list: string): Promise<number | undefined> => {
    const text = await readFile(file(list), 'utf8').catch(unlessAbsent)
    const date = text === undefined ? undefined : Number(text)
    return Number.isSafeInteger(date) ? date : undefined
  }
  return {
    newest,
    seen: async (list, date) => {
      const before = await newest(list)
      if (before !== undefined && before >= date) return
      await mkdir(dirname(file(list)), { recursive: true })
      await writeFile(file(list), String(date))
    },
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

function unlessAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
