// Parses relations between apt packages, and finds the package that satisfies one: Debian Policy, 7.1.

import { ProbeError } from '../../model/errors.ts'
import type { AptPackage } from './packages.ts'
import { compareVersions } from './version.ts'

export interface Relation {
  readonly name: string
  readonly operator?: string | undefined
  readonly version?: string | undefined
}

const RELATION = /^\s*([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/

/** Parses the alternatives of one group: `a (>= 1) | b`. */
const alternatives = (group: string): Relation[] =>
  group.split('|').flatMap((text) => {
    const [, name, operator, version] = RELATION.exec(text) ?? []
    return name === undefined ? [] : [{ name, operator, version }]
  })

/** Parses a field such as `Depends` into groups of alternatives; no group is empty. */
export const groupsOf = (field: string): (readonly [Relation, ...Relation[]])[] =>
  field.split(',').flatMap((group) => {
    const [first, ...others] = alternatives(group)
    return first === undefined ? [] : [[first, ...others] as const]
  })

/** The first alternative of each group in `Depends`. */
export const dependenciesOf = ({ depends }: AptPackage): Relation[] =>
  groupsOf(depends).map(([first]) => first)

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '<<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>>': (order) => order > 0,
}

/** Whether `version` satisfies the relation. */
export const holds = (version: string, { operator, version: wanted }: Relation): boolean =>
  operator === undefined ||
  wanted === undefined ||
  OPERATORS[operator]?.(compareVersions(version, wanted)) === true

export const shown = ({ name, operator, version }: Relation): string =>
  operator === undefined ? name : `${name} (${operator} ${version})`

/**
 * Finds the package that satisfies a relation of the package `of`. Prefers the release of `of` to other
 * releases. Within a release, prefers the version of `of`, then the oldest that fits.
 * @throws {ProbeError} `headers-not-found`.
 */
export function satisfying(archive: readonly AptPackage[], relation: Relation, of: AptPackage): AptPackage {
  const fits = archive
    .filter((p) => p.name === relation.name && holds(p.version, relation))
    .sort((a, b) => compareVersions(a.version, b.version))
  const near = fits.filter((p) => releaseOf(p) === releaseOf(of))
  const isSame = (p: AptPackage): boolean => p.version === of.version
  const found = near.find(isSame) ?? near[0] ?? fits.find(isSame) ?? fits[0]
  if (found !== undefined) return found
  throw new ProbeError(
    'headers-not-found',
    `the archive has ${of.name} ${of.version}, but not the ${shown(relation)} that it needs`,
  )
}

/** `bookworm` of `bookworm-security`; backports are separate. `undefined`: only one suite was read. */
export const releaseOf = ({ suite }: AptPackage): string | undefined =>
  suite?.replace(/-(security|updates|proposed-updates)$/, '')

/** The package with the highest version; if several have it, the last of them. */
export const newest = <P extends { readonly version: string }>(packages: readonly P[]): P | undefined =>
  packages.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1)
