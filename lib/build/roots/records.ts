// Stores composed roots and their records in the roots bucket, by the id of their packages.

import * as z from 'zod'
import { sha256, sha256Hex } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { inputKey, rootKey } from '../../model/keys.ts'
import { parseOwnJson, type Read } from '../../model/parse.ts'
import type { Store } from '../../model/ports.ts'

const schema = z.object({
  /** id of the root's packages */
  id: sha256Hex,
  suite: z.string(),
  /** sha256 of the folder's tar archive, as `packEntries` writes it */
  digest: sha256Hex,
  /** sha256 of the gzip of that archive, as stored */
  sha256: sha256Hex,
  bytes: z.number(),
})
export type RootRecord = Read<typeof schema>

export interface RootRecords {
  find(id: string): Promise<RootRecord | undefined>
  /**
   * Resolves to the recorded root: `record`, or an earlier one.
   * @throws {ProbeError} `digest-mismatch`: earlier, the same packages made a different root, so one of the two is wrong.
   */
  keep(record: RootRecord, archive: Uint8Array): Promise<RootRecord>
}

const MAX_RECORD = 4096

export function createRootRecords(roots: Pick<Store, 'get' | 'create'>): RootRecords {
  const find = async (id: string): Promise<RootRecord | undefined> => {
    const body = await roots.get(rootKey(id), MAX_RECORD)
    if (body === undefined) return undefined
    const text = new TextDecoder().decode(body)
    return parseOwnJson(schema, text, 'the record of a root', 'compose did not write it so')
  }
  return {
    find,
    keep: async (record, archive) => {
      // Stores the archive first: after a crash, nothing refers to it, and the next composition stores it again.
      const meta = { contentType: 'application/gzip', sha256: record.sha256 }
      await roots.create(inputKey(record.sha256), archive, meta)
      const body = new TextEncoder().encode(JSON.stringify(record))
      await roots.create(rootKey(record.id), body, { contentType: 'application/json', sha256: sha256(body) })
      const first = (await find(record.id)) ?? record
      if (first.digest === record.digest) return first
      throw new ProbeError(
        'digest-mismatch',
        `the packages of root ${record.id} made ${first.digest} before, and ${record.digest} now: nothing is built in it until an operator has found out why`,
      )
    },
  }
}
