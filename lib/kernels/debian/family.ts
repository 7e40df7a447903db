// Combines the planners of Debian and of distributions that call themselves Debian. Each kernel name belongs
// to one archive.

import { eachOf } from '../../model/each.ts'
import { isProbeError } from '../../model/errors.ts'
import type { Arch } from '../../model/probe.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import type { TargetSettings } from '../targets.ts'
import { parseRelease } from './names.ts'
import { otherPlanner } from './other-planner.ts'
import { OTHER_NAMES, otherByUname, otherOf } from './others.ts'
import { debianPlanner, type Keyrings } from './planner.ts'

/**
 * Archives are independent: if one is down or not trusted, the kernels of the others are still planned.
 * `keyrings` replaces Debian's own.
 */
export function debianFamily(
  ports: PlannerPorts,
  settings: Pick<TargetSettings, 'debian'>,
  keyrings?: Keyrings,
): HeadersPlanner {
  const own = debianPlanner(ports, settings, keyrings)
  const others = eachOf(OTHER_NAMES, (name) => otherPlanner(ports, name, settings.debian[name]))
  const ofUname = (arch: Arch, unameRelease: string): HeadersPlanner => {
    const other = otherByUname({ arch, kernelRelease: unameRelease })
    if (other !== undefined) return others[other]
    if (parseRelease(unameRelease) !== undefined) return own
    throw headersNotFound(
      `no kernel of Debian, or of one that calls itself so, is ${unameRelease} to uname -r`,
    )
  }
  return {
    ...own,
    plan: async (request) => {
      const other = otherOf(request)
      return (other === undefined ? own : others[other]).plan(request)
    },
    identify: async (request) => ofUname(request.arch, request.unameRelease).identify(request),
    planPackages: async (request) => ofUname(request.arch, request.unameRelease).planPackages(request),
    certificates: () => [...own.certificates(), ...OTHER_NAMES.flatMap((name) => readable(others[name]))],
  }
}

/** Ignores a broken key here: it fails only the plans of its own archive. */
function readable({ certificates }: HeadersPlanner): ReturnType<HeadersPlanner['certificates']> {
  try {
    return certificates()
  } catch (error) {
    if (isProbeError(error, 'misconfigured')) return []
    throw error
  }
}
