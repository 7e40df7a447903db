// Generates docs/settings.md: names, allowed values and defaults are from the schema; only the last column is written by hand.

import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { DEFAULTS, settingsSchema } from '../../../lib/kernels/settings.ts'

export interface Setting {
  /** dotted; `[]` is an entry of a list, `{target}` each name of the section's heading */
  readonly path: string
  readonly allowed: string
  readonly standard: string
}

export interface Section {
  readonly heading: string
  readonly settings: readonly Setting[]
}

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

/** The page does not show a longer default; the sources have it. */
const MAX_DEFAULT = 70
const TOP = 'At the top of the file'

const jsonSchema = z.toJSONSchema(settingsSchema, { unrepresentable: 'any', io: 'input' }) as Schema

/** Sections with the same schema share a heading, for example the targets that package their kernels as rpms. */
export function sections(): Section[] {
  const names = Object.keys(settingsSchema.shape) as (keyof typeof settingsSchema.shape)[]
  const isSection = (name: string) => schemaAt(name).properties !== undefined
  const top = names.filter((name) => !isSection(name))
  const groups = Map.groupBy(names.filter(isSection), (name) => settingsSchema.shape[name])
  return [
    { heading: TOP, settings: top.flatMap((name) => settingsOf(name, schemaAt(name), DEFAULTS[name])) },
    ...[...groups.values()].map(sectionOf),
  ]
}

const schemaAt = (name: string): Schema => jsonSchema.properties?.[name] ?? {}

function sectionOf(names: readonly (keyof typeof DEFAULTS)[]): Section {
  const [name, ...others] = names
  if (name === undefined) throw new Error('a section has a name')
  return {
    heading: names.map(code).join(', '),
    settings: settingsOf(
      others.length === 0 ? name : '{target}',
      schemaAt(name),
      shared(names.map((one) => DEFAULTS[one])),
    ),
  }
}

/** The members that are equal in all values; a member that differs is left out. */
function shared(values: readonly unknown[]): unknown {
  const [first, ...others] = values
  if (others.every((other) => isDeepStrictEqual(other, first))) return first
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return undefined
  return Object.fromEntries(
    Object.keys(first).map((name) => [name, shared(values.map((value) => memberOf(value, name)))]),
  )
}

function settingsOf(path: string, schema: Schema, standard: unknown, optional = false): Setting[] {
  if (schema.properties !== undefined) return membersOf(path, schema, standard, optional)
  const own = { path, allowed: allowedOf(schema), standard: standardOf(standard, path, optional) }
  return [own, ...entriesOf(path, schema.items)]
}

const membersOf = (
  path: string,
  { properties = {}, required = [] }: Schema,
  standard: unknown,
  optional = false,
): Setting[] =>
  Object.entries(properties).flatMap(([name, member]) =>
    settingsOf(`${path}.${name}`, member, memberOf(standard, name), optional || !required.includes(name)),
  )

const entriesOf = (path: string, items: Schema | undefined): Setting[] =>
  items?.properties === undefined ? [] : membersOf(`${path}[]`, items, undefined)

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

function allowedOf(schema: Schema): string {
  const { type, items, additionalProperties } = schema
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map(allowedOf).join(' or ')
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (type === 'integer' || type === 'number') return numberOf(schema)
  if (type === 'boolean') return 'true, false'
  if (type === 'array') return items?.properties === undefined ? `list: ${allowedOf(items ?? {})}` : 'list'
  if (typeof additionalProperties === 'object') return `by name: ${allowedOf(additionalProperties)}`
  return schema.properties === undefined ? 'text' : `{ ${Object.keys(schema.properties).join(', ')} }`
}

function numberOf({ type, minimum, exclusiveMinimum, maximum }: Schema): string {
  const kind = type === 'integer' ? 'whole number' : 'number'
  const least = minimum ?? (type === 'integer' ? (exclusiveMinimum ?? 0) + 1 : exclusiveMinimum)
  const from = minimum === undefined && type === 'number' ? `above ${least}` : `from ${least}`
  const unbounded = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
  return `${kind} ${from}${unbounded ? '' : ` to ${maximum}`}`
}

/** A list entry has no default of its own: it is required or optional. */
function standardOf(value: unknown, path: string, optional: boolean): string {
  if (value === undefined) return optional ? 'none' : path.includes('[]') ? 'needed' : 'its own'
  if (value === '') return 'empty'
  const text = JSON.stringify(value)
  return text.length > MAX_DEFAULT ? 'long' : code(value)
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const HEAD = '| setting | allowed | default | meaning |\n|---|---|---|---|\n'
const ROW = /^\| `([^`]+)` \|.*\| ([^|]*) \|$/

/** The meaning of each setting, read from the page. */
export const meaningsIn = (page: string): ReadonlyMap<string, string> =>
  new Map(
    page.split('\n').flatMap((line): [string, string][] => {
      const [, path, meaning] = ROW.exec(line) ?? []
      return path === undefined || meaning === undefined ? [] : [[path, meaning.trim()]]
    }),
  )

/** The page with tables from the current schema and its own meanings. New sections are appended; new settings have none. */
export function withTables(page: string): string {
  const meanings = meaningsIn(page)
  return sections().reduce((text, { heading, settings }) => {
    const rows = settings.map(
      ({ path, allowed, standard }) =>
        `| \`${path}\` | ${allowed} | ${standard} | ${meanings.get(path) ?? ''} |\n`,
    )
    return withTable(text, `\n## ${heading}\n`, HEAD + rows.join(''))
  }, page)
}

function withTable(page: string, heading: string, table: string): string {
  const [before, after, ...more] = page.split(heading)
  if (before === undefined || after === undefined) return `${page}${heading}\n${table}`
  if (more.length > 0) throw new Error(`docs/settings.md has twice: ${heading}`)
  const next = after.search(/\n## /)
  const own = next < 0 ? after : after.slice(0, next)
  const rest = next < 0 ? '' : after.slice(next)
  const kept = own.replace(/(?:^\|.*\n)+/m, () => table)
  return before + heading + (kept.includes(table) ? kept : `${own.trimEnd()}\n\n${table}`) + rest
}
