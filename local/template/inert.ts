// Lists the parts of a template that have no effect on one machine.

import { isCustom, isInert, resourceType } from './resource-types.ts'
import type { Template } from './template.ts'

/** Each part once, sorted: inert resource types, and inert properties (`type.property`) of other types. */
export function inertIn({ resources }: Pick<Template, 'resources'>): readonly string[] {
  const found = resources
    .filter(({ type }) => !isCustom(type))
    .flatMap(({ type, properties }) =>
      isInert(type)
        ? [type]
        : Object.keys(properties)
            .filter((name) => resourceType(type).inert.includes(name))
            .map((name) => `${type}.${name}`),
    )
  return [...new Set(found)].sort()
}
