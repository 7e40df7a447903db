// Every planner there is, by target.

import { ProbeError } from '../errors.ts'
import type { ConfigHash } from '../names/index.ts'
import type { Probe } from '../probe.ts'
import type { Settings } from '../settings.ts'
import type { PackagesPorts } from './debian/packages.ts'
import { type DebianPlanner, debianPlanner } from './debian/planner.ts'
import type { Planner } from './planner.ts'

export interface Planners {
  /** ProbeError `unknown-target`. */
  plannerFor(target: string): Planner
  /** The probe that a name without a target means. ProbeError `headers-not-found`, `unsupported-kernel`. */
  identify(asked: ConfigHash): Promise<Probe>
  /** Debian's archive holds driver sources and tools as well. */
  readonly debian: DebianPlanner
}

export function createPlanners(settings: Settings, ports: PackagesPorts): Planners {
  const drivers = settings.drivers.flatMap(({ source }) =>
    source.from === 'debian-package' ? [source.package] : [],
  )
  const debian = debianPlanner({
    ...ports,
    suites: settings.debian.suites,
    toolchain: settings.build.toolchain === 'packages',
    alsoKeep: drivers,
  })
  const planners: readonly Planner[] = [debian]
  return {
    debian,
    identify: async ({ driverVersion, driverName, arch, kind, unameRelease, configMd5 }) => {
      // Debian's are the only kernels that are built here; another planner's would be asked in turn.
      const kernel = await debian.identify({ arch, unameRelease, configMd5 })
      return { driverVersion, driverName, arch, kind, target: debian.target, ...kernel }
    },
    plannerFor: (target) => {
      const planner = planners.find((p) => p.target === target)
      if (planner !== undefined) return planner
      throw new ProbeError('unknown-target', `there is no planner of target "${target}"`)
    },
  }
}
