// What a package of an apt archive needs, and which package of the archive satisfies it: Debian Policy, 7.1.

import { ProbeError } from '../../model/errors.ts'
import type { AptPackage } from './packages.ts'
import { compareVersions } from './version.ts'

export interface Dependency {
  readonly name: string
  readonly relation: string | undefined
  readonly version: string | undefined
}

/** `Depends`, of each group of alternatives the first. */
export const dependenciesOf = ({ depends }: AptPackage): Dependency[] =>
  depends.split(',').flatMap((group) => {
    const match = /^\s*([a-z0-9][a-z0-9.+-]*)(?::\w+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/.exec(
      group,
    )
    return match?.[1] === undefined ? [] : [{ name: match[1], relation: match[2], version: match[3] }]
  })

/**
 * Of the release that `of` is of, else of another one: in the version of `of` where there is one, else the oldest that
 * will do.
 * @throws {ProbeError} `headers-not-found`.
 */
export function satisfying(
  archive: readonly AptPackage[],
  { name, relation, version }: Dependency,
  of: AptPackage,
) {
  const named = archive.filter((p) => p.name === name)
  const fits = named
    .filter((p) => {
      if (version === undefined) return true
      const order = compareVersions(p.version, version)
      return relation === '=' ? order === 0 : order >= 0
    })
    .sort((a, b) => compareVersions(a.version, b.version))
  const near = fits.filter((p) => releaseOf(p) === releaseOf(of))
  const found =
    near.find((p) => p.version === of.version) ??
    near[0] ??
    fits.find((p) => p.version === of.version) ??
    fits[0]
  if (found !== undefined) return found
  throw new ProbeError(
    'headers-not-found',
    `the archive has ${of.name} ${of.version}, but not the ${name} ${relation ?? ''} ${version ?? ''} that it needs`,
  )
}

/** What a release adds to itself is of it; backports are of another one. `undefined` where only one suite was read. */
export const releaseOf = ({ suite }: AptPackage): string | undefined =>
  suite?.replace(/-(security|updates|proposed-updates)$/, '')

/** Of those of one version the last. */
export const newest = <P extends { readonly version: string }>(packages: readonly P[]): P | undefined =>
  packages.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1)
