// DynamoDB: dynalite on disk, after a check of signature and policies. Amazon's DynamoDB Local would need a JVM.

import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Faults, NO_FAULTS } from '../faults.ts'
import type { Context } from '../iam/policy.ts'
import type { Resource, Template } from '../template/template.ts'
import { AwsError, authorize, type RawService } from '../wire/aws-json.ts'
import { isObject, type Json, type JsonObject, list, object, string, strings } from '../wire/json.ts'
import { ACCOUNT, type Clock, REGION } from '../wire/types.ts'
import { type Answer, type Dynalite, type IndexedTable, openDynalite, type TableIndex } from './dynalite.ts'
import { type KeySchema, keyFault } from './keys.ts'

interface DynamoDb {
  readonly service: RawService
  /** Deletes the items after their time to live. */
  expire(): Promise<void>
  close(): Promise<void>
}

interface DynamoDbOptions {
  /** folder of the database; only one process at a time can open it */
  readonly dir: string
  /** whether the indexes may be wrong and must be rebuilt */
  readonly torn: boolean
  /** called when all indexes have been rebuilt */
  readonly onWhole: () => void
  readonly template: Template
  /** default: none; if there are any, the next start must rebuild the indexes */
  readonly faults?: Faults
  readonly now: Clock
  readonly log: (line: string) => void
}

/** Opens the database and creates missing tables. */
export async function createDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const { faults = NO_FAULTS } = options
  const dynalite = await openDynalite(options.dir, faults.lag)
  const tables = options.template.ofType('AWS::DynamoDB::Table')
  const indexed: IndexedTable[] = []
  for (const table of tables) indexed.push(await prepare(dynalite, table))
  const stopping = new AbortController()
  const rebuilding = options.torn ? rebuild(dynalite, indexed, stopping.signal, options) : undefined
  const keys = new Map(tables.map((table) => [table.name, keySchemas(table)]))
  const keysOfTable = ({ TableName }: JsonObject) => keys.get(String(TableName)) ?? []
  return {
    service: ({ operation, input, caller }, _, response) => {
      const resource = resourceOf(operation, input)
      authorize(caller, `dynamodb:${operation}`, resource, leadingKey(input, keysOfTable(input)))
      if (faults.strikes('dynamodb-throttle')) return send(response, THROTTLED)
      const fault = (read: JsonObject) => keyFault(operation, read, keysOfTable(read))
      dynalite.perform(operation, input, fault).then(
        (answer) => send(response, answer),
        (error: unknown) =>
          send(response, { status: 500, body: { __type: INTERNAL, message: String(error) } }),
      )
    },
    expire: async () => {
      for (const table of tables) await expireItems(dynalite, table, Math.floor(options.now() / 1000))
    },
    close: async () => {
      stopping.abort()
      await rebuilding
      await dynalite.close()
    },
  }
}

/** Runs in the background, which is safe because hits read no index. */
async function rebuild(
  dynalite: Dynalite,
  tables: readonly IndexedTable[],
  stopped: AbortSignal,
  { log, onWhole }: Pick<DynamoDbOptions, 'log' | 'onWhole'>,
): Promise<void> {
  try {
    for (const table of tables) if (!(await dynalite.rebuildIndexes(table, stopped))) return
    onWhole()
  } catch (error) {
    log(`the indexes of the tables are incomplete, and are rebuilt at the next start: ${String(error)}`)
  }
}

/** For traffic that grew too fast: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const THROTTLED: Answer = {
  status: 400,
  body: {
    __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
    message:
      'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly.',
  },
}

const INTERNAL = 'com.amazonaws.dynamodb.v20120810#InternalServerError'

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** The ARN of the table or index that an operation uses. */
function resourceOf(operation: string, { TableName, IndexName }: JsonObject): string {
  if (operation === 'ListTables') return '*'
  if (typeof TableName !== 'string') throw new AwsError('ValidationException', 'TableName is missing')
  const arn = tableArn(TableName)
  return typeof IndexName === 'string' ? `${arn}/index/${IndexName}` : arn
}

/**
 * Condition key with the partition key of an operation on one item.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
function leadingKey({ Key, Item }: JsonObject, schemas: readonly KeySchema[]): Context | undefined {
  const name = schemas
    .find(({ index }) => index === undefined)
    ?.keys.find(({ kind }) => kind === 'HASH')?.name
  const item = isObject(Key) ? Key : Item
  const value = name !== undefined && isObject(item) ? item[name] : undefined
  return isObject(value) && typeof value.S === 'string' ? { 'dynamodb:LeadingKeys': value.S } : undefined
}

const tableArn = (name: string): string => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`

/** Runs an operation for the stack itself, without a policy. */
async function own(dynalite: Dynalite, operation: string, input: JsonObject): Promise<JsonObject> {
  const { status, body } = await dynalite.perform(operation, input)
  if (status === 200) return body
  throw new AwsError(String(body.__type).replace(/^.*#/, ''), JSON.stringify(body))
}

const CREATED_WITH = ['KeySchema', 'AttributeDefinitions', 'GlobalSecondaryIndexes', 'BillingMode']

async function prepare(dynalite: Dynalite, table: Resource): Promise<IndexedTable> {
  const given = Object.entries(table.properties).filter(([name]) => CREATED_WITH.includes(name))
  const input = Object.fromEntries(given)
  await own(dynalite, 'CreateTable', { ...input, TableName: table.name }).catch((error: unknown) => {
    if (!(error instanceof AwsError && error.code === 'ResourceInUseException')) throw error
  })
  const description = await active(dynalite, table)
  sameKeys(description, table)
  return { TableName: table.name, description, indexes: indexesOf(table) }
}

async function active(dynalite: Dynalite, table: Resource): Promise<JsonObject> {
  for (;;) {
    const { Table } = await own(dynalite, 'DescribeTable', { TableName: table.name })
    const found = object(Table, table.logicalId)
    if (found.TableStatus === 'ACTIVE') return found
    await sleep(2)
  }
}

/** The objects in a list; an absent list is empty. */
const objects = (value: Json | undefined, where: string): JsonObject[] =>
  list(value ?? [], where).map((entry) => object(entry, where))

const keysOf = (schema: Json | undefined, where: string): string[] =>
  objects(schema, where).map(({ AttributeName }) => string(AttributeName, where))

function indexesOf({ properties, logicalId }: Resource): TableIndex[] {
  const tableKeys = keysOf(properties.KeySchema, logicalId)
  return objects(properties.GlobalSecondaryIndexes, logicalId).map((index) => {
    const keys = keysOf(index.KeySchema, logicalId)
    const { ProjectionType, NonKeyAttributes } = object(index.Projection, logicalId)
    const some = [...keys, ...tableKeys, ...strings(NonKeyAttributes, logicalId)]
    const attributes = ProjectionType === 'ALL' ? undefined : some
    return { name: string(index.IndexName, logicalId), keySchema: index.KeySchema ?? [], keys, attributes }
  })
}

function keySchemas({ properties, logicalId }: Pick<Resource, 'properties' | 'logicalId'>): KeySchema[] {
  const of = (schema: Json | undefined, index: string | undefined): KeySchema => ({
    index,
    keys: objects(schema, logicalId).map(({ AttributeName, KeyType }) => ({
      name: string(AttributeName, logicalId),
      kind: KeyType === 'RANGE' ? 'RANGE' : 'HASH',
    })),
  })
  const indexes = objects(properties.GlobalSecondaryIndexes, logicalId)
  return [
    of(properties.KeySchema, undefined),
    ...indexes.map(({ KeySchema, IndexName }) => of(KeySchema, string(IndexName, logicalId))),
  ]
}

/** Throws if keys or indexes differ from the template: here they cannot change in a table with data. */
function sameKeys(found: JsonObject, { properties, name, logicalId }: Resource): void {
  const shape = (table: JsonObject): string => {
    const schemas = keySchemas({ properties: table, logicalId })
    return JSON.stringify(
      schemas.map(({ index = '', keys }) => [index, ...keys.map((key) => key.name)]).sort(),
    )
  }
  if (shape(found) !== shape(properties))
    throw new Error(
      `table ${name} on disk has other keys or indexes than the template: choose another DATA_DIR, or remove the data`,
    )
}

async function expireItems(dynalite: Dynalite, table: Resource, seconds: number): Promise<void> {
  const { properties, name: TableName, logicalId } = table
  if (!isObject(properties.TimeToLiveSpecification)) return
  const past: JsonObject = {
    ExpressionAttributeNames: { '#ttl': string(properties.TimeToLiveSpecification.AttributeName, logicalId) },
    ExpressionAttributeValues: { ':now': { N: String(seconds) } },
  }
  const keys = keysOf(properties.KeySchema, logicalId)
  const page = { TableName, FilterExpression: '#ttl < :now', ...past, Limit: 1000 }
  let start: Json | undefined
  do {
    const after = start === undefined ? {} : { ExclusiveStartKey: start }
    const found = await own(dynalite, 'Scan', { ...page, ...after })
    for (const item of objects(found.Items, logicalId)) {
      const Key = Object.fromEntries(keys.map((key) => [key, item[key]]))
      const input = { TableName, Key, ConditionExpression: '#ttl < :now', ...past }
      await dynalite.perform('DeleteItem', input)
    }
    start = found.LastEvaluatedKey
  } while (start !== undefined)
}
