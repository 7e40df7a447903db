// Lists, sets and deletes the recorded digests of driver sources, for operators. The planner records digests in the same table.

import { ProbeError } from '../model/errors.ts'
import type { Source } from '../model/probe.ts'
import type { Item } from './attributes.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { sourceOf } from './item.ts'
import { TABLE_KEY } from './resources.ts'
import { itemAt } from './update.ts'

export interface Digests {
  /** Sorted by `id`, a driver version. */
  list(): Promise<{ readonly id: string; readonly source: Source }[]>
  /** Records a source. False: the table has another digest for this id, which stays. */
  name(id: string, source: Source): Promise<boolean>
  /** Resolves to the deleted record. */
  forget(id: string): Promise<Source | undefined>
}

/** @throws {ProbeError} `bad-field`: no source can have this id. */
export function checkId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,127}$/.test(id)) return id
  throw new ProbeError('bad-field', `version: ${JSON.stringify(id)} is not a driver version`)
}

export function createDigests(client: DynamoDb, table: string): Digests {
  async function items(): Promise<Item[]> {
    const all: Item[] = []
    let start: Item | undefined
    do {
      const page = { TableName: table, ConsistentRead: true, ExclusiveStartKey: start }
      const { Items = [], LastEvaluatedKey } = await client.scan(page)
      all.push(...Items)
      start = LastEvaluatedKey
    } while (start !== undefined)
    return all
  }
  return {
    list: async () => {
      const all = (await items()).map((item) => ({ id: String(item[TABLE_KEY]), item }))
      // Ids of all other items (the list of versions, dates of lists, pointers) begin with `~`.
      const recorded = all.filter(({ id }) => !id.startsWith('~'))
      return recorded
        .map(({ id, item }) => ({ id, source: sourceOf(id, item) }))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    // One conditional write: a crash leaves the complete record or no record, and a repeated call changes nothing.
    name: (id, source) =>
      isWritten(
        client.put({
          TableName: table,
          Item: { [TABLE_KEY]: id, ...source },
          ConditionExpression: `attribute_not_exists(${TABLE_KEY}) OR sha256 = :same`,
          ExpressionAttributeValues: { ':same': source.sha256 },
        }),
      ),
    forget: async (id) => {
      const { Attributes } = await client.delete({ ...itemAt(table, id), ReturnValues: 'ALL_OLD' })
      return Attributes === undefined ? undefined : sourceOf(id, Attributes)
    },
  }
}
