// An item and its index entries are written in one go. dynalite writes each by itself, the entries first: a crash between would
// leave an entry without its item, an older one, or none.

import type { JsonObject } from '../wire/json.ts'

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: JsonObject }
  | { readonly type: 'del'; readonly key: string }
export type Done = (error: unknown) => void

/** As dynalite calls it. */
export interface WrittenDb {
  getSync(key: string): JsonObject | undefined
  put(key: string, value: JsonObject, done: Done): void
  del(key: string, done: Done): void
  batch(operations: readonly Operation[], done: Done): void
}

/** `index-global~{table}~{index}~{key}`, `item-{table}~{key}`: no name has a `~`. */
const ENTRY = /^index-[a-z]+~([^~]+)~/
const ITEM = /^item-/

/**
 * Entries wait for the write of their item, which comes next, in the item's turn: no two writes of one item are under way.
 * `keyOf`: of the item in its table, by its entry's or its own attributes. A crash leaves all of a write or nothing.
 */
export function writeTogether(db: WrittenDb, keyOf: (table: string, entry: JsonObject) => string): void {
  const put = db.put.bind(db)
  const del = db.del.bind(db)
  const waiting = new Map<string, Operation[]>()
  const wait = (table: string, entry: JsonObject, operation: Operation, done: Done): void => {
    const item = `item-${table}~${keyOf(table, entry)}`
    waiting.set(item, [...(waiting.get(item) ?? []), operation])
    setImmediate(done, null)
  }
  const write = (operation: Operation, done: Done): void => {
    const entries = waiting.get(operation.key) ?? []
    waiting.delete(operation.key)
    db.batch([...entries, operation], done)
  }
  db.put = (key, value, done) => {
    const [, table] = ENTRY.exec(key) ?? []
    const operation = { type: 'put', key, value } as const
    if (table !== undefined) wait(table, value, operation, done)
    else if (ITEM.test(key)) write(operation, done)
    else put(key, value, done)
  }
  db.del = (key, done) => {
    const [, table] = ENTRY.exec(key) ?? []
    const operation = { type: 'del', key } as const
    const entry = table === undefined ? undefined : db.getSync(key)
    if (table !== undefined && entry === undefined) setImmediate(done, null)
    else if (table !== undefined && entry !== undefined) wait(table, entry, operation, done)
    else if (ITEM.test(key)) write(operation, done)
    else del(key, done)
  }
}
