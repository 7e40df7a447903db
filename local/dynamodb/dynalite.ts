// dynalite's own store and operations, called in this process: no port that could be reached around the policies.

import { createRequire } from 'node:module'
import type { Json, JsonObject } from '../wire/json.ts'

const require = createRequire(import.meta.url)

interface LevelDb {
  get(key: string, done: (error: unknown, value?: JsonObject) => void): void
  getSync(key: string): JsonObject | undefined
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, JsonObject]>
  batch(operations: readonly BatchOperation[]): Promise<void>
  open(): Promise<void>
}
type BatchOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: JsonObject }
  | { readonly type: 'del'; readonly key: string }

interface Store {
  readonly db: LevelDb
  readonly lifecycleManager: { gracefulClose(): Promise<void> }
}
interface Internals {
  create(options: object): Store
  createIndexKey(item: JsonObject, table: JsonObject, keySchema: Json): string
}
type Action = (store: Store, input: JsonObject, done: (error: unknown, data?: JsonObject) => void) => void
interface Validation {
  readonly types: object
  readonly custom?: unknown
}
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
  /** `fault`: why an input that was read is not valid, though dynalite would take it. */
  perform(operation: string, input: JsonObject, fault?: Fault): Promise<Answer>
  /** Rebuilds a table's indexes from its items. */
  rebuildIndexes(table: IndexedTable): Promise<void>
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
  /** attributes that the index holds; `undefined`: all */
  readonly attributes: readonly string[] | undefined
}

export const OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
] as const

/**
 * Opens the database at `dir`; rejects when another process has it. A write that was answered survives the
 * death of this process: LevelDB has handed its log to the kernel by then (not to the disk).
 */
export async function openDynalite(dir: string): Promise<Dynalite> {
  const instant = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }
  const store = internals.create({ path: dir, ...instant })
  await store.db.open()
  readAtOnce(store.db)
  return {
    perform: (operation, input, fault) => perform(store, operation, input, fault),
    rebuildIndexes: (table) => rebuildIndexes(store, table),
    close: () => store.lifecycleManager.gracefulClose(),
  }
}

/** A read by way of LevelDB's thread costs more in waking it up than the read; a hit is two reads. */
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

interface Loaded {
  readonly action: Action
  readonly validation: Validation
}
const loaded = new Map<string, Loaded>(
  OPERATIONS.map((operation) => {
    const file = `${operation[0]!.toLowerCase()}${operation.slice(1)}`
    const action = require(`dynalite/actions/${file}`) as Action
    return [operation, { action, validation: require(`dynalite/validations/${file}`) as Validation }]
  }),
)

const VALIDATION = 'com.amazon.coral.validate#ValidationException'

async function perform(
  store: Store,
  operation: string,
  raw: JsonObject,
  fault: Fault = () => undefined,
): Promise<Answer> {
  const found = loaded.get(operation)
  if (found === undefined)
    return { status: 400, body: { __type: 'com.amazon.coral.service#UnknownOperationException' } }
  const { action, validation } = found
  try {
    const input = validations.checkTypes(raw, validation.types)
    validations.checkValidations(input, validation.types, validation.custom, store)
    const message = fault(input)
    if (message !== undefined) return { status: 400, body: { __type: VALIDATION, message } }
    return { status: 200, body: await call(action, store, input) }
  } catch (error) {
    if (isAnswer(error)) return { status: error.statusCode, body: error.body }
    throw error
  }
}

const call = (action: Action, store: Store, input: JsonObject): Promise<JsonObject> =>
  new Promise((resolve, reject) => {
    action(store, input, (error, data) => {
      if (error) reject(error)
      else resolve(data ?? {})
    })
  })

const isAnswer = (error: unknown): error is { statusCode: number; body: JsonObject } =>
  typeof error === 'object' && error !== null && 'statusCode' in error && 'body' in error

/**
 * dynalite writes an item's index entries and then the item, each by itself. A crash between leaves an entry
 * without its item, or none for it; one batch sets all of them right.
 */
async function rebuildIndexes(
  { db }: Store,
  { TableName, description, indexes }: IndexedTable,
): Promise<void> {
  const operations: BatchOperation[] = []
  for (const { name, keySchema, keys, attributes } of indexes) {
    const prefix = `index-global~${TableName}~${name}~`
    for await (const [key] of db.iterator(within(prefix))) operations.push({ type: 'del', key })
    for await (const [, item] of db.iterator(within(`item-${TableName}~`))) {
      if (!keys.every((key) => item[key] !== undefined)) continue
      const key = prefix + internals.createIndexKey(item, description, keySchema)
      operations.push({ type: 'put', key, value: attributes === undefined ? item : pick(item, attributes) })
    }
  }
  await db.batch(operations)
}

const pick = (item: JsonObject, attributes: readonly string[]): JsonObject =>
  Object.fromEntries(attributes.map((name) => [name, item[name]]))

const within = (prefix: string) => ({ gte: prefix, lt: `${prefix}\xff` })
