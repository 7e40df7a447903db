// Calls dynalite's store and operations in this process. There is no port that could bypass the policies.

import { createRequire } from 'node:module'
import { isDeepStrictEqual, promisify } from 'node:util'
import type { Json, JsonObject } from '../wire/json.ts'
import { type Done, type Lag, writeTogether } from './together.ts'
import { type LoggedDb, mendTornLog } from './torn-log.ts'

const require = createRequire(import.meta.url)

interface LevelDb extends LoggedDb {
  get(key: string, done: (error: unknown, value?: JsonObject) => void): void
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, JsonObject]>
  keys: OpenIterator
  values: OpenIterator
  open(options: { maxOpenFiles: number }): Promise<void>
}
type OpenIterator = (options?: object) => { close(): Promise<void>; return?(): Promise<void> }

interface ItemDb {
  lock(key: string, work: (release: (done: Done) => Done) => void): void
}

interface Store {
  readonly db: LevelDb
  getItemDb(table: string): ItemDb
  readonly lifecycleManager: { gracefulClose(): Promise<void> }
}
interface Internals {
  create(options: object): Store
  createKey(item: JsonObject, table: JsonObject): string
  createIndexKey(item: JsonObject, table: JsonObject, keySchema: Json): string
}
type Action = (store: Store, input: JsonObject, done: (error: unknown, data?: JsonObject) => void) => void
interface Validations {
  checkTypes(input: JsonObject, types: object): JsonObject
  checkValidations(input: JsonObject, types: object, custom: unknown, store: Store): void
}

const internals = require('dynalite/db') as Internals
const validations = require('dynalite/validations') as Validations

export interface Answer {
  readonly status: number
  readonly body: JsonObject
}

export interface Dynalite {
  /** `fault`: returns why a parsed input is invalid, if dynalite would accept it. */
  perform(operation: string, input: JsonObject, fault?: Fault): Promise<Answer>
  /** Repairs a table's indexes from its items, during reads and writes. Resolves to false if `stopped` came first. */
  rebuildIndexes(table: IndexedTable, stopped: AbortSignal): Promise<boolean>
  close(): Promise<void>
}

export type Fault = (input: JsonObject) => string | undefined

export interface IndexedTable {
  readonly TableName: string
  readonly description: JsonObject
  readonly indexes: readonly TableIndex[]
}
export interface TableIndex {
  readonly name: string
  readonly keySchema: Json
  readonly keys: readonly string[]
  /** attributes in the index; `undefined`: all */
  readonly attributes: readonly string[] | undefined
}

const OPERATIONS = [
  'CreateTable',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
]

/** Each has 2 MB and is mapped into memory when it is read. A big index would use all of LevelDB's default, 1,000. */
const MAX_OPEN_FILES = 64

/**
 * Opens the database at `dir`. Rejects if another process has it open. An answered write survives the death of this process,
 * because its log is already in the kernel, but perhaps not the death of the machine. `lag`: delay of a write's index entries,
 * which do not survive the process.
 */
export async function openDynalite(dir: string, lag?: Lag): Promise<Dynalite> {
  const instant = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }
  const store = internals.create({ path: dir, ...instant })
  await store.db.open({ maxOpenFiles: MAX_OPEN_FILES })
  readAtOnce(store.db)
  closeIterators(store.db)
  mendTornLog(store.db, dir)
  const flush = writeTogether(
    store.db,
    (table, entry) => internals.createKey(entry, store.db.getSync(`table~${table}`) ?? {}),
    lag,
  )
  return {
    perform: (operation, input, fault) => perform(store, operation, input, fault),
    rebuildIndexes: (table, stopped) => rebuildIndexes(store, table, stopped),
    close: async () => {
      await flush()
      await store.lifecycleManager.gracefulClose()
    },
  }
}

/** Reads synchronously: waking LevelDB's thread costs more than a read, and each hit needs two reads. */
function readAtOnce(db: LevelDb): void {
  db.get = (key, done) => {
    try {
      const value = db.getSync(key)
      queueMicrotask(() => done(null, value))
    } catch (error) {
      queueMicrotask(() => done(error))
    }
  }
}

/** dynalite ends each stream with its iterator's `return`. LevelDB's iterators lack it, and would stay open with snapshots. */
export function closeIterators(db: Pick<LevelDb, 'keys' | 'values'>): void {
  const closing =
    (open: OpenIterator): OpenIterator =>
    (options) => {
      const iterator = open(options)
      iterator.return = () => iterator.close()
      return iterator
    }
  db.keys = closing(db.keys.bind(db))
  db.values = closing(db.values.bind(db))
}

const loaded = new Map(
  OPERATIONS.map((operation) => {
    const file = `${operation[0]!.toLowerCase()}${operation.slice(1)}`
    const action = promisify(require(`dynalite/actions/${file}`) as Action)
    const validation = require(`dynalite/validations/${file}`) as { types: object; custom?: unknown }
    return [operation, { action, validation }] as const
  }),
)

const VALIDATION = 'com.amazon.coral.validate#ValidationException'

async function perform(store: Store, operation: string, raw: JsonObject, fault?: Fault): Promise<Answer> {
  const found = loaded.get(operation)
  if (found === undefined)
    return { status: 400, body: { __type: 'com.amazon.coral.service#UnknownOperationException' } }
  const { action, validation } = found
  try {
    const input = validations.checkTypes(raw, validation.types)
    validations.checkValidations(input, validation.types, validation.custom, store)
    const message = fault?.(input)
    if (message !== undefined) return { status: 400, body: { __type: VALIDATION, message } }
    return { status: 200, body: (await action(store, input)) ?? {} }
  } catch (error) {
    if (isAnswer(error)) return { status: error.statusCode, body: error.body }
    throw error
  }
}

const isAnswer = (error: unknown): error is { statusCode: number; body: JsonObject } =>
  typeof error === 'object' && error !== null && 'statusCode' in error && 'body' in error

/** Number of items between two pauses for other work. */
const PAGE = 100

/**
 * Repairs databases of older software, and indexes that lag behind their table. Each entry is repaired under the lock of its
 * item, while other operations continue. False: it was stopped; the next start begins again.
 */
async function rebuildIndexes(store: Store, table: IndexedTable, stopped: AbortSignal): Promise<boolean> {
  const { TableName, description, indexes } = table
  const { db } = store
  const write = promisify(db.batch.bind(db))
  const items = store.getItemDb(TableName)
  const itemAt = (key: string) => db.getSync(`item-${TableName}~${key}`)
  const entryOf = (item: JsonObject, { name, keySchema, keys, attributes }: TableIndex) =>
    keys.every((key) => item[key] !== undefined)
      ? {
          key: `${prefixOf(TableName, name)}${internals.createIndexKey(item, description, keySchema)}`,
          value: attributes === undefined ? item : pick(item, attributes),
        }
      : undefined
  let count = 0
  const isStopped = async (): Promise<boolean> => {
    count += 1
    if (count % PAGE === 0) await new Promise((resolve) => setImmediate(resolve))
    return stopped.aborted
  }
  for (const index of indexes)
    for await (const [entry, value] of db.iterator(within(prefixOf(TableName, index.name)))) {
      if (await isStopped()) return false
      const key = internals.createKey(value, description)
      await inTurn(items, key, async () => {
        const item = itemAt(key)
        if (item === undefined || entryOf(item, index)?.key !== entry)
          await write([{ type: 'del', key: entry }])
      })
    }
  const prefix = `item-${TableName}~`
  for await (const [at] of db.iterator(within(prefix))) {
    if (await isStopped()) return false
    const key = at.slice(prefix.length)
    await inTurn(items, key, async () => {
      const item = itemAt(key)
      const entries = item === undefined ? [] : indexes.flatMap((index) => entryOf(item, index) ?? [])
      const wrong = entries.filter((entry) => !isDeepStrictEqual(db.getSync(entry.key), entry.value))
      if (wrong.length > 0) await write(wrong.map((entry) => ({ type: 'put', ...entry })))
    })
  }
  return true
}

const prefixOf = (table: string, index: string): string => `index-global~${table}~${index}~`

/** Runs under the lock that dynalite uses to write an item. */
const inTurn = (items: ItemDb, key: string, work: () => Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    items.lock(key, (release) => {
      const done = release((error) => (error ? reject(error) : resolve()))
      work().then(() => done(null), done)
    })
  })

const pick = (item: JsonObject, attributes: readonly string[]): JsonObject =>
  Object.fromEntries(attributes.map((name) => [name, item[name]]))

const within = (prefix: string) => ({ gte: prefix, lt: `${prefix}\xff` })
