// Stores parsed lists and packages as JSON in the inputs bucket, so that no plan parses them again.

import type * as z from 'zod'
import { sha256 } from '../model/digest.ts'
import { listKey } from '../model/keys.ts'
import type { Store } from '../model/ports.ts'

/** Selects the packages of a list. `id` identifies the rule, so that a changed rule gets a new record. */
export interface Keep {
  readonly id: string
  readonly test: (name: string) => boolean
}

export type Records = Pick<Store, 'get' | 'create'>

const MAX_RECORD = 16 * 1024 * 1024
const keyOf = (id: string): string => listKey(sha256(id))

/** `id`: everything that the record depends on. Returns `undefined` if there is no record. */
export async function readRecord<T>(
  records: Pick<Records, 'get'>,
  id: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const kept = await records.get(keyOf(id), MAX_RECORD)
  return kept && schema.parse(JSON.parse(new TextDecoder().decode(kept)))
}

/** After a crash before this write, the next plan repeats the work. Parallel writers write the same bytes. */
export async function keepRecord(
  records: Pick<Records, 'create'>,
  id: string,
  value: unknown,
): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(value))
  await records.create(keyOf(id), body, { contentType: 'application/json', sha256: sha256(body) })
}

/** Returns the record. If there is none, calls `read` and records its result. */
export async function recorded<T>(
  records: Records,
  id: string,
  schema: z.ZodType<T>,
  read: () => Promise<T>,
): Promise<T> {
  const known = await readRecord(records, id, schema)
  if (known !== undefined) return known
  const found = await read()
  await keepRecord(records, id, found)
  return found
}
