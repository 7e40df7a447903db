// Records the digest of each driver source that this user's builds have used, once, like a registry.

import { join } from 'node:path'
import { sha256 } from '../../lib/model/digest.ts'
import { parseOwnJson } from '../../lib/model/parse.ts'
import type { Sources } from '../../lib/model/ports.ts'
import { type Source, sourceSchema } from '../../lib/model/probe.ts'
import { folderStore } from '../roots/folder-store.ts'

const MAX_RECORD = 4096
const keyOf = (id: string): string => `sources/${sha256(id)}.json`

/** Stores each digest as a readable file in `folder`. */
export function storedSources(folder: string): Sources {
  const store = folderStore(folder)
  const fileOf = (id: string): string => join(folder, keyOf(id))
  const recorded = async (id: string): Promise<Source | undefined> => {
    const body = await store.get(keyOf(id), MAX_RECORD)
    if (body === undefined) return undefined
    return parseOwnJson(sourceSchema, new TextDecoder().decode(body), fileOf(id), 'remove it')
  }
  return {
    recorded,
    record: async (id, source) => {
      const body = new TextEncoder().encode(JSON.stringify(source))
      const meta = { contentType: 'application/json', sha256: sha256(body) }
      if ((await store.create(keyOf(id), body, meta)) === 'created') return source
      return (await recorded(id)) ?? source
    },
    forgetBy: (id) => `removing ${fileOf(id)}`,
  }
}
