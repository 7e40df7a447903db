// The digests of sources as an operator sees them: all that are on record, in the table that the planner records them in.

import { ProbeError } from '../model/errors.ts'
import type { Source } from '../model/probe.ts'
import type { Item } from './attributes.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { sourceOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'

interface Recorded {
  /** a driver version */
  readonly id: string
  readonly source: Source
}

export interface Digests {
  /** By id. */
  list(): Promise<Recorded[]>
  /** False: another digest is on record, which stays. */
  name(id: string, source: Source): Promise<boolean>
  /** Resolves to what was on record. */
  forget(id: string): Promise<Source | undefined>
}

/** What else is in the table begins so: the list of versions, and the dates of lists. */
const OTHER = '~'

/** @throws {ProbeError} `bad-field` for what can be no id of a source. */
export function checkId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,127}$/.test(id)) return id
  throw new ProbeError('bad-field', `version: ${JSON.stringify(id)} is no driver version`)
}

export function createDigests(client: DynamoDb, table: string): Digests {
  async function* items(): AsyncGenerator<Item> {
    let start: Item | undefined
    do {
      const page = { TableName: table, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }
      const { Items = [], LastEvaluatedKey } = await client.scan(page)
      yield* Items
      start = LastEvaluatedKey
    } while (start !== undefined)
  }
  return {
    list: async () => {
      const found: Recorded[] = []
      for await (const item of items()) {
        const id = String(item[TABLE_KEY])
        if (!id.startsWith(OTHER)) found.push({ id, source: sourceOf(id, item) })
      }
      return found.sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    // One conditional write: a crash leaves the whole record or none, and the same again changes nothing.
    name: async (id, source) => {
      const put = client.put({
        TableName: table,
        Item: { [TABLE_KEY]: id, ...source },
        ConditionExpression: `attribute_not_exists(${TABLE_KEY}) OR sha256 = :same`,
        ExpressionAttributeValues: { ':same': source.sha256 },
      })
      return (await ifHeld(put)) !== undefined
    },
    forget: async (id) => {
      const Key = { [TABLE_KEY]: id }
      const { Attributes } = await client.delete({ TableName: table, Key, ReturnValues: 'ALL_OLD' })
      return Attributes === undefined ? undefined : sourceOf(id, Attributes)
    },
  }
}
