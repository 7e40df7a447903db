// Calls DynamoDB's operations on items, with plain values instead of attribute values.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html

import { attributesOf, type Item, itemOf } from './attributes.ts'
import type { Call } from './json-api.ts'

/** Inputs and outputs have the names in the API reference, but plain values instead of attribute values. */
export interface DynamoDb {
  get(input: Keyed & { readonly ConsistentRead?: boolean }): Promise<{ readonly Item?: Item }>
  put(input: OfTable & Condition & { readonly Item: Item }): Promise<object>
  update(input: Keyed & Condition & Returning & { readonly UpdateExpression: string }): Promise<Changed>
  delete(input: Keyed & Condition & Returning): Promise<Changed>
  query(input: Paged & Values & OfIndex & { readonly KeyConditionExpression: string }): Promise<Page>
  scan(input: Paged & { readonly ConsistentRead?: boolean }): Promise<Page>
}

interface OfTable {
  readonly TableName: string
}
interface OfIndex {
  readonly IndexName?: string
}
interface Keyed extends OfTable {
  readonly Key: Item
}
interface Values {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
}
interface Condition extends Values {
  readonly ConditionExpression?: string
}
interface Returning {
  readonly ReturnValues?: 'ALL_OLD' | 'ALL_NEW'
}
interface Changed {
  readonly Attributes?: Item
}
interface Paged extends OfTable {
  readonly Limit?: number
  readonly ExclusiveStartKey?: Item | undefined
}
interface Page {
  readonly Items?: readonly Item[]
  readonly LastEvaluatedKey?: Item
}

export function createDynamoDb(call: Call): DynamoDb {
  const by =
    (operation: string) =>
    async (input: object): Promise<object> =>
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
