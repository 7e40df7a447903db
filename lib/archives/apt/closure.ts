// Resolves packages and their dependencies. The same lists always give the same result.

import { ProbeError } from '../../model/errors.ts'
import type { RelatedPackage } from './packages.ts'
import { groupsOf, holds, newest, type Relation, shown } from './relations.ts'

/** All packages of some suites, by their names and by the names in their `Provides`. */
export type Everything = Awaited<ReturnType<typeof everythingOf>>

export async function everythingOf(packages: AsyncIterable<RelatedPackage>) {
  const byName = new Map<string, RelatedPackage[]>()
  const providers = new Map<string, RelatedPackage[]>()
  const add = (to: Map<string, RelatedPackage[]>, name: string, pkg: RelatedPackage): void => {
    const known = to.get(name)
    if (known === undefined) to.set(name, [pkg])
    else known.push(pkg)
  }
  for await (const pkg of packages) {
    add(byName, pkg.name, pkg)
    for (const { name } of groupsOf(pkg.provides).flat()) add(providers, name, pkg)
  }
  return { byName, providers }
}

/**
 * Returns these packages and all their dependencies, sorted by name, each in the newest version that fits.
 * Takes the first alternative that exists, and the provider of the highest priority, then the first by name.
 * @throws {ProbeError} `headers-not-found`: names the unsatisfied relation and the package that needs it.
 */
export function closureOf(everything: Everything, names: readonly string[]): RelatedPackage[] {
  const chosen = new Map<string, RelatedPackage>()
  const need = (group: readonly Relation[], by: string): RelatedPackage[] => {
    const wanted = group.map(shown).join(' or ')
    const found = firstOf(everything, group)
    if (found === undefined)
      throw new ProbeError('headers-not-found', `the archive has no ${wanted}, which ${by} needs`)
    const before = chosen.get(found.name)
    if (before === undefined) {
      chosen.set(found.name, found)
      return [found]
    }
    if (group.every((relation) => relation.name !== before.name || holds(before.version, relation))) return []
    throw new ProbeError(
      'headers-not-found',
      `${by} needs ${wanted}, and ${before.version} of it is what another package takes`,
    )
  }
  let next = names.flatMap((name) => need([{ name }], 'a build root'))
  while (next.length > 0) {
    next = next.flatMap((pkg) =>
      [...groupsOf(pkg.preDepends), ...groupsOf(pkg.depends)].flatMap((group) => need(group, pkg.name)),
    )
  }
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

const firstOf = (everything: Everything, group: readonly Relation[]): RelatedPackage | undefined =>
  group
    .values()
    .map((relation) => named(everything, relation) ?? provided(everything, relation))
    .find((found) => found !== undefined)

const named = ({ byName }: Everything, relation: Relation): RelatedPackage | undefined =>
  newest((byName.get(relation.name) ?? []).filter(({ version }) => holds(version, relation)))

/** From the lowest to the highest; all others are lower. */
const PRIORITIES = ['standard', 'important', 'required']
const rank = ({ priority }: RelatedPackage): number => PRIORITIES.indexOf(priority)

/** Only a `Provides` with a version can satisfy a relation with a version. */
function provided({ providers }: Everything, relation: Relation): RelatedPackage | undefined {
  const fits = ({ name, version }: Relation): boolean =>
    name === relation.name &&
    (relation.version === undefined || (version !== undefined && holds(version, relation)))
  const found = (providers.get(relation.name) ?? []).filter(({ provides }) =>
    groupsOf(provides).flat().some(fits),
  )
  const [best] = found.toSorted(
    (a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : Number(a.name > b.name)),
  )
  return best === undefined ? undefined : newest(found.filter(({ name }) => name === best.name))
}
