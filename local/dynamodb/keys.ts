// DynamoDB's rules for the values of table keys and index keys. dynalite checks only some of them.

import { isObject, type Json, type JsonObject } from '../wire/json.ts'

export interface KeySchema {
  /** name of the index; `undefined`: the table itself */
  readonly index: string | undefined
  readonly keys: readonly { readonly name: string; readonly kind: 'HASH' | 'RANGE' }[]
}

/** Maximum bytes. `HASH` is a partition key, `RANGE` a sort key. */
const MOST = { HASH: 2048, RANGE: 1024 } as const

const TOO_LONG = {
  HASH: 'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
  RANGE:
    'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
} as const
const NOT_VALID = 'One or more parameter values are not valid.'
const EMPTY = 'The AttributeValue for a key attribute cannot contain an empty string value.'

/**
 * Returns DynamoDB's ValidationException message for a parsed operation, or `undefined` if its keys are valid: a partition key
 * has 1 to 2,048 bytes, a sort key 1 to 1,024.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
 */
export function keyFault(
  operation: string,
  input: JsonObject,
  schemas: readonly KeySchema[],
): string | undefined {
  for (const schema of schemas) {
    const keys = schema.keys.map((key) => ({ ...key, given: valuesOf(operation, input, schema, key.name) }))
    // An index omits items that lack one of its keys.
    const isIn = keys.every(({ given }) => given.length > 0) || operation === 'Query'
    for (const { name, kind, given } of keys) {
      const bytes = given.map(bytesOf)
      if (bytes.includes(0)) return emptyFault(operation, name, schema.index)
      if (isIn && bytes.some((count) => count !== undefined && count > MOST[kind])) return TOO_LONG[kind]
    }
  }
  return undefined
}

function emptyFault(operation: string, name: string, index: string | undefined): string {
  if (index === undefined || operation === 'Query') return `${NOT_VALID} ${EMPTY} Key: ${name}`
  return operation === 'UpdateItem'
    ? `${NOT_VALID} The update expression attempted to update a secondary index key to a value that is not supported. ${EMPTY}`
    : `${NOT_VALID} A value specified for a secondary index key is not supported. ${EMPTY} IndexName: ${index}, IndexKey: ${name}`
}

/** `undefined` for numbers, which have other limits. */
function bytesOf(value: Json | undefined): number | undefined {
  if (!isObject(value)) return undefined
  if (typeof value.S === 'string') return Buffer.byteLength(value.S)
  return typeof value.B === 'string' ? Buffer.byteLength(value.B, 'base64') : undefined
}

/** All values that an operation gives to this key of the table or index. */
function valuesOf(operation: string, input: JsonObject, { index }: KeySchema, name: string): Json[] {
  const of = (...places: (Json | undefined)[]) => places.flatMap((place) => memberOf(place, name))
  switch (operation) {
    case 'Query':
      return input.IndexName === index ? [...conditionsOf(input, name), ...of(input.ExclusiveStartKey)] : []
    case 'UpdateItem':
      return [...of(input.Key), ...updatesOf(input, name)]
    case 'PutItem':
      return of(input.Item)
    default:
      return index === undefined || input.IndexName === index ? of(input.Key, input.ExclusiveStartKey) : []
  }
}

const memberOf = (of: Json | undefined, name: string): Json[] =>
  isObject(of) && of[name] !== undefined ? [of[name]] : []

/** The form in which dynalite parses `KeyConditionExpression`. */
function conditionsOf({ KeyConditions }: JsonObject, name: string): Json[] {
  const condition = isObject(KeyConditions) ? KeyConditions[name] : undefined
  const values = isObject(condition) ? condition.AttributeValueList : undefined
  return Array.isArray(values) ? values : []
}

/** The form in which dynalite parses `UpdateExpression`: values that are set, also by `if_not_exists`. */
function updatesOf({ _updates }: JsonObject, name: string): Json[] {
  const sections = isObject(_updates) ? _updates.sections : undefined
  if (!Array.isArray(sections)) return []
  return sections.flatMap((section) => {
    if (!isObject(section) || !Array.isArray(section.path) || section.path.join() !== name) return []
    const { val } = section
    return isObject(val) && Array.isArray(val.args) ? val.args : val === undefined ? [] : [val]
  })
}
