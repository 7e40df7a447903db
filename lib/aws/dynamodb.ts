// Calls DynamoDB's operations on items, with plain values instead of attribute values.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html

import { attributesOf, type Item, itemOf } from './attributes.ts'
import type { Call } from './json-api.ts'

/** Inputs and outputs have the names in the API reference, but plain values instead of attribute values. */
export interface DynamoDb {
  get(input: Input<'Key'>): Promise<{ readonly Item?: Item }>
  put(input: Input<'Item'>): Promise<object>
  update(input: Input<'Key' | 'UpdateExpression'>): Promise<Changed>
  delete(input: Input<'Key'>): Promise<Changed>
  query(input: Input<'KeyConditionExpression'>): Promise<Page>
  scan(input: Input): Promise<Page>
}

interface Members {
  readonly TableName: string
  readonly IndexName: string
  readonly Key: Item
  readonly Item: Item
  readonly ConsistentRead: boolean
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly KeyConditionExpression: string
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues: Item
  readonly ReturnValues: 'ALL_OLD' | 'ALL_NEW'
  readonly Limit: number
  readonly ExclusiveStartKey: Item
}
type Input<Needed extends keyof Members = never> = Partial<Members> & Pick<Members, 'TableName' | Needed>

interface Changed {
  readonly Attributes?: Item
}
interface Page {
  readonly Items?: readonly Item[]
  readonly LastEvaluatedKey?: Item
}

export function createDynamoDb(call: Call): DynamoDb {
  const by = (operation: string) => async (input: object) =>
    toValues(await call(operation, toAttributes(input)))
  return {
    get: by('GetItem'),
    put: by('PutItem'),
    update: by('UpdateItem'),
    delete: by('DeleteItem'),
    query: by('Query'),
    scan: by('Scan'),
  }
}

/** Members of inputs and outputs that contain attribute values. */
const ITEMS = [
  ...['Key', 'Item', 'Attributes', 'ExpressionAttributeValues'],
  ...['ExclusiveStartKey', 'LastEvaluatedKey'],
]

const toAttributes = (input: object): object =>
  mapped(input, (name, value) => (ITEMS.includes(name) ? attributesOf(value as Item) : value))

const toValues = (output: object): object =>
  mapped(output, (name, value) => {
    if (name === 'Items') return (value as Item[]).map(itemOf)
    return ITEMS.includes(name) ? itemOf(value as Item) : value
  })

const mapped = (from: object, map: (name: string, value: unknown) => unknown): object =>
  Object.fromEntries(
    Object.entries(from)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, map(name, value)]),
  )
