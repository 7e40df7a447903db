// Which roots are composed, on record in the bucket of roots: by the id of their packages, what they are.

import * as z from 'zod'
import { sha256, sha256Hex } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { inputKey, rootKey } from '../../model/keys.ts'
import { parseOwnJson, type Read } from '../../model/parse.ts'
import type { Store } from '../../model/ports.ts'

const schema = z.object({
  /** of its packages: `rootId` */
  id: sha256Hex,
  suite: z.string(),
  /** sha256 of the tar archive that its folder makes: `packEntries` */
  digest: sha256Hex,
  /** the same archive in gzip, as it is stored */
  sha256: sha256Hex,
  bytes: z.number(),
})
export type RootRecord = Read<typeof schema>

export interface RootRecords {
  find(id: string): Promise<RootRecord | undefined>
  /**
   * Resolves to what is on record afterwards.
   * @throws {ProbeError} `digest-mismatch` where the same packages made something else before: then one of the two was not
   * composed of them alone.
   */
  keep(record: RootRecord, archive: Uint8Array): Promise<RootRecord>
}

const MAX_RECORD = 4096

export function createRootRecords(roots: Pick<Store, 'get' | 'create'>): RootRecords {
  const find = async (id: string): Promise<RootRecord | undefined> => {
    const body = await roots.get(rootKey(id), MAX_RECORD)
    return body === undefined ? undefined : decodeRoot(body)
  }
  return {
    find,
    keep: async (record, archive) => {
      // The archive first: a crash after it leaves bytes that nobody is told of, and the next composition stores them again.
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

const decodeRoot = (body: Uint8Array): RootRecord =>
  parseOwnJson(schema, new TextDecoder().decode(body), 'the record of a root', 'compose did not write it so')
