// Builds keys and update expressions for the adapters of the DynamoDB tables.

import type { Item } from './attributes.ts'
import { TABLE_KEY } from './resources.ts'

/** Members of an operation's input that name one item. */
export const itemAt = (table: string, id: string) => ({ TableName: table, Key: { [TABLE_KEY]: id } })

/** A value for `changing`: increments the attribute by one. */
export const NEXT = Symbol('next')
/** A value for `changing`: `{ [FIRST]: value }` sets the attribute only if the item does not have it. */
export const FIRST = Symbol('first')

/** Skips undefined values. Uses the placeholders `#name` and `:set_name`, because names may be reserved words. */
export function changing(set: Item, remove: readonly string[] = []) {
  const entries = Object.entries(set).filter(([, value]) => value !== undefined)
  const plain = entries.filter(([, value]) => value !== NEXT)
  const removed = remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`
  return {
    UpdateExpression: `SET ${entries.map(([name, value]) => `#${name} = ${sourceOf(name, value)}`).join(', ')}${removed}`,
    ExpressionAttributeNames: Object.fromEntries(
      [...entries.map(([name]) => name), ...remove].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: {
      ...Object.fromEntries(plain.map(([name, value]) => [`:set_${name}`, firstOf(value) ?? value])),
      ...(plain.length === entries.length ? {} : { ':zero': 0, ':one': 1 }),
    },
  }
}

function sourceOf(name: string, value: unknown): string {
  if (value === NEXT) return `if_not_exists(#${name}, :zero) + :one`
  return firstOf(value) === undefined ? `:set_${name}` : `if_not_exists(#${name}, :set_${name})`
}

const firstOf = (value: unknown): unknown =>
  value instanceof Object && FIRST in value ? value[FIRST] : undefined

/** Replaces number `next.number - 1`, or creates number 1. The condition fails if another writer was faster. */
export function movingTo(next: Item & { readonly number: number }, remove: readonly string[] = []) {
  const change = changing(next, remove)
  if (next.number === 1) return { ...change, ConditionExpression: 'attribute_not_exists(#number)' }
  return {
    ...change,
    ConditionExpression: '#number = :before',
    ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ':before': next.number - 1 },
  }
}
