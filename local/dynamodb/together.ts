// Writes an item and its index entries in one batch, or the entries some time later. dynalite writes each separately, entries
// first, so a crash in between would leave a stale entry or lack a new one.

import type { JsonObject } from '../wire/json.ts'

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: JsonObject }
  | { readonly type: 'del'; readonly key: string }
export type Done = (error: unknown) => void

/** The functions of the database that dynalite calls. */
export interface WrittenDb {
  getSync(key: string): JsonObject | undefined
  put(key: string, value: JsonObject, done: Done): void
  del(key: string, done: Done): void
  batch(operations: readonly Operation[], done: Done): void
}

/** Forms of keys: `index-global~{table}~{index}~{key}` and `item-{table}~{key}`. Names contain no `~`. */
const ENTRY = /^index-[a-z]+~([^~]+)~/
const ITEM = /^item-/

/** Milliseconds between the write of an item and the write of its entries; 0: both in one batch. */
export type Lag = () => number

/**
 * Entries wait for the write of their item, which follows under the item's lock. `keyOf`: returns an item's key in its table,
 * from the attributes of the entry or of the item. A crash leaves a write complete or absent. With a `lag` it may leave the item
 * without its entries; then the indexes must be rebuilt. Returns a function that writes all delayed entries.
 */
export function writeTogether(
  db: WrittenDb,
  keyOf: (table: string, entry: JsonObject) => string,
  lag: Lag = () => 0,
): () => Promise<void> {
  const put = db.put.bind(db)
  const del = db.del.bind(db)
  const lagging = createLagging(db)
  const waiting = new Map<string, Operation[]>()
  const wait = (table: string, entry: JsonObject, operation: Operation, done: Done): void => {
    const item = `item-${table}~${keyOf(table, entry)}`
    waiting.set(item, [...(waiting.get(item) ?? []), operation])
    setImmediate(done, null)
  }
  const write = (operation: Operation, done: Done): void => {
    const entries = waiting.get(operation.key) ?? []
    waiting.delete(operation.key)
    const milliseconds = entries.length === 0 ? 0 : lag()
    if (milliseconds === 0 && lagging.isEmpty()) db.batch([...entries, operation], done)
    else
      db.batch([operation], (error) => {
        if (!error) lagging.add(entries, milliseconds)
        done(error)
      })
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
    const entry = table === undefined ? undefined : lagging.entryAt(key)
    if (table !== undefined && entry === undefined) setImmediate(done, null)
    else if (table !== undefined && entry !== undefined) wait(table, entry, operation, done)
    else if (ITEM.test(key)) write(operation, done)
    else del(key, done)
  }
  return lagging.flush
}

interface Late {
  readonly entries: readonly Operation[]
  /** in milliseconds of `performance.now()` */
  readonly due: number
}

/** Delayed entries, in the order of their writes. */
function createLagging(db: WrittenDb) {
  let queue: readonly Late[] = []
  let underWay: readonly Operation[] = []
  let last = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  /** If an entry cannot be written, e.g. on a full disk, it is missing until the next start rebuilds the indexes. */
  const write = (until: number): Promise<void> =>
    new Promise((resolve) => {
      const due = queue.filter((one) => one.due <= until)
      queue = queue.slice(due.length)
      underWay = due.flatMap(({ entries }) => entries)
      db.batch(underWay, () => {
        underWay = []
        resolve()
      })
    })
  const schedule = (): void => {
    const [first] = queue
    if (first === undefined || timer !== undefined) return
    timer = setTimeout(() => void writeDue(performance.now()), Math.max(0, first.due - performance.now()))
  }
  const writeDue = (until: number): Promise<void> => {
    last = last
      .then(() => write(until))
      .then(() => {
        clearTimeout(timer)
        timer = undefined
        schedule()
      })
    return last
  }
  return {
    isEmpty: (): boolean => queue.length + underWay.length === 0,
    add: (entries: readonly Operation[], milliseconds: number): void => {
      if (entries.length === 0) return
      const due = Math.max(performance.now() + milliseconds, queue.at(-1)?.due ?? 0)
      queue = [...queue, { entries, due }]
      schedule()
    },
    /** The entry as it will be after all delayed writes. */
    entryAt: (key: string): JsonObject | undefined => {
      const late = [...underWay, ...queue.flatMap(({ entries }) => entries)]
      const latest = late.findLast((operation) => operation.key === key)
      if (latest === undefined) return db.getSync(key)
      return latest.type === 'put' ? latest.value : undefined
    },
    flush: (): Promise<void> => writeDue(Number.POSITIVE_INFINITY),
  }
}
