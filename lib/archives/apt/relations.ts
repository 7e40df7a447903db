// Relations between packages of an apt archive, and the package that satisfies one: Debian Policy, 7.1.

import { ProbeError } from '../../model/errors.ts'
import type { AptPackage } from './packages.ts'
import { compareVersions } from './version.ts'

export interface Relation {
  readonly name: string
  readonly operator?: string | undefined
  readonly version?: string | undefined
}

const RELATION = /^\s*([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/

/** `a (>= 1) | b`: the alternatives of one group. */
const alternatives = (group: string): Relation[] =>
  group.split('|').flatMap((text) => {
    const [, name, operator, version] = RELATION.exec(text) ?? []
    return name === undefined ? [] : [{ name, operator, version }]
  })

/** Of a field as `Depends`: every group has one relation at least. */
export const groupsOf = (field: string): (readonly [Relation, ...Relation[]])[] =>
  field.split(',').flatMap((group) => {
    const [first, ...others] = alternatives(group)
    return first === undefined ? [] : [[first, ...others] as const]
  })

/** `Depends`, of each group of alternatives the first. */
export const dependenciesOf = ({ depends }: AptPackage): Relation[] =>
  groupsOf(depends).map(([first]) => first)

/** Whether a version fits. */
export function holds(version: string, { operator, version: wanted }: Relation): boolean {
  if (operator === undefined || wanted === undefined) return true
  const order = compareVersions(version, wanted)
  switch (operator) {
    case '<<':
      return order < 0
    case '<=':
      return order <= 0
    case '=':
      return order === 0
    case '>=':
      return order >= 0
    default:
      return order > 0
  }
}

export const shown = ({ name, operator, version }: Relation): string =>
  operator === undefined ? name : `${name} (${operator} ${version})`

/**
 * Of the release that `of` is of, else of another one: in the version of `of` where there is one, else the oldest that
 * fits.
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

/** What a release adds to itself is of it; backports are of another one. `undefined` where only one suite was read. */
export const releaseOf = ({ suite }: AptPackage): string | undefined =>
  suite?.replace(/-(security|updates|proposed-updates)$/, '')

/** Of those of one version the last. */
export const newest = <P extends { readonly version: string }>(packages: readonly P[]): P | undefined =>
  packages.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1)
