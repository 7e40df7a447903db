// Every planner there is, by target.

import type { PackagesPorts } from '../archives/apt/packages.ts'
import { createTrees } from '../inputs/cache.ts'
import { ProbeError } from '../model/errors.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Log, Sources } from '../model/ports.ts'
import type { ConfigHash, Kind, Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { type DebianPlanner, debianPlanner } from './debian/planner.ts'
import type { KernelPlan, Planner } from './planner.ts'
import { planSource, type VanillaPorts } from './vanilla/planner.ts'

export interface PlannersPorts extends PackagesPorts {
  readonly sources: Sources
  readonly log: Log
}

export interface Planners {
  /** ProbeError `unknown-target`. */
  plannerFor(target: string): Planner
  /** The probe that a name without a target means. ProbeError `headers-not-found`, `unsupported-kernel`. */
  identify(asked: ConfigHash): Promise<Probe>
  /** Of a submitted kernel: from the header packages that it names, else from source and config. */
  planSubmitted(kernel: SubmittedKernel, kind: Kind): Promise<KernelPlan>
  /** Debian's archive holds driver sources and tools as well. */
  readonly debian: DebianPlanner
}

export function createPlanners(settings: Settings, ports: PlannersPorts): Planners {
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
  const vanilla: VanillaPorts = {
    ...ports,
    debian,
    trees: createTrees(ports.inputs),
    settings: settings.vanilla,
    findPackage: debian.find,
  }
  return {
    debian,
    identify: async ({ driverVersion, driverName, arch, kind, unameRelease, configMd5 }) => {
      // Debian's are the only kernels that are built here; another planner's would be asked in turn.
      const kernel = await debian.identify({ arch, unameRelease, configMd5 })
      return { driverVersion, driverName, arch, kind, target: debian.target, ...kernel }
    },
    planSubmitted: (kernel, kind) =>
      kernel.kernelUrls.length > 0 ? debian.planPackages(kernel, kind) : planSource(vanilla, kernel, kind),
    plannerFor: (target) => {
      const planner = planners.find((p) => p.target === target)
      if (planner !== undefined) return planner
      throw new ProbeError('unknown-target', `there is no planner of target "${target}"`)
    },
  }
}
