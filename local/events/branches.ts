// Expands a pattern into branches: one for each combination of alternatives of its `$or`s, or only one without `$or`.

import type { Source } from './json-source.ts'
import { compileMatcher, type Matcher } from './matchers.ts'

/**
 * An event fits if all fields fit, and a field fits if one of its matchers fits. Sorted by path, e.g. `detail.build-status`; a
 * name with a dot equals nested names.
 */
export type Branch = readonly (readonly [path: string, matchers: readonly Matcher[]])[]

/** If a field is named twice, the last one counts. */
type Fields = ReadonlyMap<string, readonly Matcher[]>

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (Considerations of $or) */
const MAX_BRANCHES = 1000
/** The operators of today, and names that EventBridge reserves for future operators. */
const NO_FIELDS_WITHIN_OR = new Set([
  ...['exactly', 'prefix', 'suffix', 'equals-ignore-case', 'wildcard', 'anything-but', 'exists'],
  ...['numeric', 'cidr', '=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
])

/** Throws if EventBridge refuses the pattern; the message begins with `where` and the field. */
export function branches(pattern: Source, where: string): readonly Branch[] {
  return ofObject(pattern, { where, path: [], withinOr: false }, [new Map()]).map((fields) =>
    [...fields].sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

interface Place {
  readonly where: string
  readonly path: readonly string[]
  readonly withinOr: boolean
}

function ofObject(value: Source, at: Place, so: readonly Fields[]): readonly Fields[] {
  if (value.tag !== 'object') throw refused(at, 'is neither an object nor a list')
  if (value.fields.length === 0) throw refused(at, 'is empty')
  return value.fields.reduce((ways, [name, wanted]) => ofField(name, wanted, at, ways), so)
}

function ofField(name: string, wanted: Source, at: Place, so: readonly Fields[]): readonly Fields[] {
  const here: Place = { ...at, path: [...at.path, name] }
  if (name === '$or') return ofOr(wanted, at, here, so)
  if (at.withinOr && NO_FIELDS_WITHIN_OR.has(name))
    throw refused(here, 'is not the name of a field within $or')
  if (wanted.tag !== 'list') return ofObject(wanted, here, so)
  const matchers = ofList(wanted.entries, here)
  return so.map((fields) => new Map(fields).set(here.path.join('.'), matchers))
}

function ofOr(wanted: Source, at: Place, here: Place, so: readonly Fields[]): readonly Fields[] {
  if (wanted.tag !== 'list' || wanted.entries.length < 2)
    throw refused(here, 'is not a list of at least two objects')
  const ways = wanted.entries.flatMap((way) => ofObject(way, { ...at, withinOr: true }, so))
  if (ways.length > MAX_BRANCHES) throw refused(here, `makes more than ${MAX_BRANCHES} combinations`)
  return ways
}

function ofList(entries: readonly Source[], at: Place): readonly Matcher[] {
  if (entries.length === 0) throw refused(at, 'is an empty list')
  return entries.map((entry) => {
    try {
      return compileMatcher(entry)
    } catch (error) {
      throw refused(at, error instanceof Error ? error.message : String(error))
    }
  })
}

const refused = ({ where, path }: Place, why: string): Error =>
  new Error(`${[where, ...path].join('.')}: ${why}; EventBridge refuses such a pattern`)
