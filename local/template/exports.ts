// Exports and imports between stacks, as in CloudFormation: a name is exported once, before it is imported.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html

import { isObject, type Json, type JsonObject, object, string } from '../wire/json.ts'

/** name -> value */
export type Exports = ReadonlyMap<string, Json>

/** Reads the exports of one stack's resolved outputs: names with their values. */
export const exportsOf = (outputs: JsonObject): [string, Json][] =>
  Object.entries(outputs).flatMap(([output, given]): [string, Json][] => {
    const { Export, Value = null } = object(given, output)
    if (Export === undefined) return []
    return [[string(object(Export, output).Name, `${output}.Export.Name`), Value]]
  })

/** Throws if a name is exported twice. */
function joined(parts: readonly Part[]): Exports {
  const exports = parts.flatMap((part) => part.exports)
  const twice = repeated(exports.map(([name]) => name))
  if (twice !== undefined) throw new Error(`${twice} is exported twice`)
  return new Map(exports)
}

/** The first name that is in the list a second time. */
export const repeated = (names: readonly string[]): string | undefined =>
  names.find((name, i) => names.indexOf(name) !== i)

interface Part {
  readonly exports: readonly [string, Json][]
}

/**
 * Resolves the stacks in an order in which each stack imports only from stacks before it. If there is no such order, throws an
 * error that names the import: no stack exports it, the stack itself does, or two stacks import from each other.
 */
export function resolveInOrder<T extends Part>(
  documents: readonly JsonObject[],
  resolve: (document: JsonObject, exports: Exports) => T,
): T[] {
  const waiting = documents.map((document) => ({ document, imports: [...importsIn(document)] }))
  const parts: T[] = []
  while (waiting.length > 0) {
    const exports = joined(parts)
    const missing = (imports: readonly string[]) => imports.find((name) => !exports.has(name))
    const next = waiting.findIndex(({ imports }) => missing(imports) === undefined)
    if (next < 0)
      throw new Error(
        `Fn::ImportValue ${missing(waiting[0]!.imports)}: no stack exports it before it is imported`,
      )
    parts.push(resolve(waiting.splice(next, 1)[0]!.document, exports))
  }
  joined(parts)
  return parts
}

/** Only literal names; intrinsics.ts reports any others as errors. */
function* importsIn(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* importsIn(one)
  else if (isObject(value))
    for (const [name, member] of Object.entries(value))
      if (name === 'Fn::ImportValue' && typeof member === 'string') yield member
      else yield* importsIn(member ?? null)
}
