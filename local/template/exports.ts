// Exports and imports between stacks, as in CloudFormation: a name is exported once, before it is imported.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html

import { isObject, type Json, type JsonObject, object, string } from '../wire/json.ts'

/** name -> value */
export type Exports = ReadonlyMap<string, Json>

/** Reads the exports of one stack's resolved outputs. Throws if it exports a name twice. */
export function exportsOf(outputs: JsonObject): Exports {
  const exports = Object.entries(outputs).flatMap(([output, given]): [string, Json][] => {
    const { Export, Value } = object(given, output)
    return Export === undefined
      ? []
      : [[string(object(Export, output).Name, `${output}.Export.Name`), Value ?? null]]
  })
  return joined([exports])
}

const joined = (all: readonly Iterable<[string, Json]>[]): Exports => {
  const entries = all.flatMap((one) => [...one])
  const exports = new Map(entries)
  if (exports.size === entries.length) return exports
  const twice = entries.find(([name], i) => entries.findIndex(([other]) => other === name) !== i)
  throw new Error(`${twice?.[0]} is exported twice`)
}

/**
 * Resolves the stacks in an order in which each stack imports only from stacks before it. If there is no such order, throws an
 * error that names the import: no stack exports it, the stack itself does, or two stacks import from each other.
 */
export function resolveInOrder<Part extends { readonly exports: Exports }>(
  documents: readonly JsonObject[],
  resolve: (document: JsonObject, exports: Exports) => Part,
): Part[] {
  const waiting = documents.map((document) => ({ document, imports: [...importsIn(document)] }))
  const parts: Part[] = []
  while (waiting.length > 0) {
    const exports = joined(parts.map((part) => part.exports))
    const missing = (imports: readonly string[]) => imports.find((name) => !exports.has(name))
    const next = waiting.findIndex(({ imports }) => missing(imports) === undefined)
    if (next < 0)
      throw new Error(
        `Fn::ImportValue ${missing(waiting[0]!.imports)}: no stack exports it before it is imported`,
      )
    parts.push(resolve(waiting.splice(next, 1)[0]!.document, exports))
  }
  joined(parts.map((part) => part.exports))
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
