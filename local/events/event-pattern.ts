// Matches events with patterns as EventBridge does. A pattern that EventBridge refuses is an error at load.

import type { Json, JsonObject } from '../wire/json.ts'
import { type Branch, branches } from './branches.ts'
import { readSource } from './json-source.ts'
import { consistent, type Leaf, leavesOf } from './leaves.ts'

/** Matches an event or its JSON text. Text keeps the digits of all numbers, and counts repeated names separately. */
export type Pattern = (event: JsonObject | string) => boolean

/**
 * Throws an error that begins with `where` and names the field and its fault.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function compilePattern(pattern: Json | undefined, where: string): Pattern {
  const ways = branches(readSource(sourceText(pattern ?? null)), where)
  return (event) => {
    const leaves = leavesOf(readSource(sourceText(event)))
    return ways.some((branch) => fits(branch, leaves, new Map()))
  }
}

/** A string is JSON text already. */
const sourceText = (json: Json): string => (typeof json === 'string' ? json : JSON.stringify(json))

/**
 * All fields of the branch must fit. Fields within the same list must fit in the same entry of it. Fields are tried in the order
 * of their paths, so `exists: false` looks only at the entries that earlier fields have chosen.
 */
function fits([field, ...rest]: Branch, leaves: readonly Leaf[], chosen: Leaf['within']): boolean {
  if (field === undefined) return true
  const [path, matchers] = field
  const found = leaves.flatMap((leaf) => {
    const within = leaf.path === path ? consistent(chosen, leaf.within) : undefined
    return within === undefined ? [] : [{ value: leaf.value, within }]
  })
  if (found.length === 0) return matchers.includes('absent') && fits(rest, leaves, chosen)
  return found.some(
    ({ value, within }) =>
      matchers.some((matcher) => matcher !== 'absent' && matcher(value)) && fits(rest, leaves, within),
  )
}
