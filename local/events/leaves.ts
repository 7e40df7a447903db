// An event as EventBridge looks at it: its values, each with the path of names to it, and the entries of lists that it
// lies in. An object or a list is no value, so an empty one is nothing.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html

import type { Literal, Source } from './json-source.ts'

export interface Leaf {
  readonly path: string
  readonly value: Literal
  /** which entry of which list: only lists whose entries are objects or lists, for a value is every entry at once */
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
      for (const [index, entry] of value.entries.entries())
        walk(
          entry,
          path,
          entry.tag === 'object' || entry.tag === 'list' ? new Map(within).set(id, index) : within,
        )
    } else {
      leaves.push({ path: path.join('.'), value, within })
    }
  }
  walk(event, [], new Map())
  return leaves
}

/** Both together; `undefined` when they are of two entries of one list. */
export function consistent(a: Leaf['within'], b: Leaf['within']): Leaf['within'] | undefined {
  for (const [list, entry] of b) if ((a.get(list) ?? entry) !== entry) return undefined
  return new Map([...a, ...b])
}
