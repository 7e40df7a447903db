// What the tables' adapters share: an item's key, and update expressions.

import type { Item } from './attributes.ts'
import { TABLE_KEY } from './resources.ts'

/** Names one item in the input of an operation. */
export const itemAt = (table: string, id: string) => ({ TableName: table, Key: { [TABLE_KEY]: id } })

/** As a value in `changing`: one more than the attribute was. */
export const NEXT = Symbol('next')
/** `{ [FIRST]: value }`, as a value in `changing`: the attribute as it is, or `value` where there is none. */
export const FIRST = Symbol('first')

interface Changing {
  readonly UpdateExpression: string
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues: Item
}

/** Sets and removes attributes by the placeholders `#name` and `:set_name`, because names may be reserved words. Skips undefined values. */
export function changing(set: Item, remove: readonly string[] = []): Changing {
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
  typeof value === 'object' && value !== null && FIRST in value ? value[FIRST] : undefined

/** Replaces number `next.number - 1`, or creates the first; false (by its condition): another was faster. */
export function movingTo(next: Item & { readonly number: number }, remove: readonly string[] = []) {
  const change = changing(next, remove)
  if (next.number === 1) return { ...change, ConditionExpression: 'attribute_not_exists(#number)' }
  return {
    ...change,
    ConditionExpression: '#number = :before',
    ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ':before': next.number - 1 },
  }
}
