// What stands in a template and does nothing on one machine.

import { isCustom, isInert, resourceType } from './resource-types.ts'
import type { Template } from './template.ts'

/** Each once, sorted: types without a life, and properties (`type.property`) of those that have one. */
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
