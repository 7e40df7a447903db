// EventBridge's event patterns: what is refused there is an error at load here, and the rest matches as it does there.

import type { Json, JsonObject } from '../wire/json.ts'
import { type Branch, branches } from './branches.ts'
import { readSource } from './json-source.ts'
import { consistent, type Leaf, leavesOf } from './leaves.ts'

/** Of an event, or of its JSON text, in which no number is rounded and a name that comes twice counts twice. */
export type Pattern = (event: JsonObject | string) => boolean

/**
 * `where` begins the message of an error, which goes on with the field and what is wrong with it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function compilePattern(pattern: Json | undefined, where: string): Pattern {
  const ways = branches(readSource(sourceText(pattern ?? null)), where)
  return (event) => {
    const leaves = leavesOf(readSource(sourceText(event)))
    return ways.some((branch) => fits(branch, leaves, new Map()))
  }
}

/** A text is JSON already. */
const sourceText = (json: Json): string => (typeof json === 'string' ? json : JSON.stringify(json))

/**
 * Every field fits, and all those that lie in lists lie in the same entries of them. Fields are taken in the order of
 * their names: `exists: false` sees only what is in the entries chosen so far.
 */
function fits([field, ...rest]: Branch, leaves: readonly Leaf[], chosen: Leaf['within']): boolean {
  if (field === undefined) return true
  const found = leaves.flatMap((leaf) => {
    const within = leaf.path === field.path ? consistent(chosen, leaf.within) : undefined
    return within === undefined ? [] : [{ value: leaf.value, within }]
  })
  if (found.length === 0) return field.matchers.includes('absent') && fits(rest, leaves, chosen)
  return found.some(
    ({ value, within }) =>
      field.matchers.some((matcher) => matcher !== 'absent' && matcher(value)) && fits(rest, leaves, within),
  )
}
