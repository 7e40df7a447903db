// Flattens an event as EventBridge does: into its values, each with its path of names and the list entries around it.
// Objects and lists are not values, so empty ones disappear.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html

import type { Literal, Source } from './json-source.ts'

export interface Leaf {
  readonly path: string
  readonly value: Literal
  /** list number -> index of its entry around the value; only for entries that are objects or lists, so a plain value fits any index */
  readonly within: ReadonlyMap<number, number>
}

export function leavesOf(event: Source): readonly Leaf[] {
  const leaves: Leaf[] = []
  let lists = 0
  function walk(value: Source, path: readonly string[], within: Leaf['within']): void {
    if (value.tag === 'object') {
      for (const [name, inner] of value.fields) walk(inner, [...path, name], within)
    } else if (value.tag === 'list') {
      const id = lists++
      for (const [index, entry] of value.entries.entries()) {
        const isPlain = entry.tag !== 'object' && entry.tag !== 'list'
        walk(entry, path, isPlain ? within : new Map(within).set(id, index))
      }
    } else {
      leaves.push({ path: path.join('.'), value, within })
    }
  }
  walk(event, [], new Map())
  return leaves
}

/** Merges both; `undefined` if they are in different entries of the same list. */
export function consistent(a: Leaf['within'], b: Leaf['within']): Leaf['within'] | undefined {
  for (const [list, entry] of b) if ((a.get(list) ?? entry) !== entry) return undefined
  return new Map([...a, ...b])
}
