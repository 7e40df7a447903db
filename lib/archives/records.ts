// Keeps parsed lists and packages as JSON in the inputs, so that no plan parses them again.

import type * as z from 'zod'
import { sha256 } from '../model/digest.ts'
import { listKey } from '../model/keys.ts'
import type { Store } from '../model/ports.ts'

/** Which packages of a list are kept. `id` names the rule: another rule, another record. */
export interface Keep {
  readonly id: string
  readonly test: (name: string) => boolean
}

export type Records = Pick<Store, 'get' | 'create'>

const MAX_RECORD = 16 * 1024 * 1024
const keyOf = (id: string): string => listKey(sha256(id))

/** `id`: everything that decides the record. `undefined`: there is none. */
export async function readRecord<T>(
  records: Pick<Records, 'get'>,
  id: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const kept = await records.get(keyOf(id), MAX_RECORD)
  return kept && schema.parse(JSON.parse(new TextDecoder().decode(kept)))
}

/** A crash before this write costs the next plan the same work; two at once write the same bytes. */
export async function keepRecord(
  records: Pick<Records, 'create'>,
  id: string,
  value: unknown,
): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(value))
  await records.create(keyOf(id), body, { contentType: 'application/json', sha256: sha256(body) })
}

/** The record; where there is none, what `read` finds, which becomes the record. */
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
