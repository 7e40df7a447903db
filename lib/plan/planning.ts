// Creates the ports of `plan` from the planners of kernels and the sources of drivers.

import type { DecidePorts } from '../build/decide.ts'
import { createBuildCache } from '../inputs/cache.ts'
import { checkKept } from '../inputs/submitted.ts'
import { createPlanners } from '../kernels/planners.ts'
import type { AllSettings } from '../kernels/settings.ts'
import { driverFor } from '../model/drivers.ts'
import type {
  BuildCache,
  Clock,
  Fetch,
  ListDates,
  Log,
  QueryDatabase,
  Sources,
  Store,
} from '../model/ports.ts'
import { type DriverSourcePorts, driverSource } from './driver-source.ts'
import { type DriversPorts, driverSuites, findDriver } from './drivers.ts'
import type { KernelOfPorts } from './kernel-of.ts'

interface PlanningPorts {
  readonly settings: AllSettings
  /** also reads files: places in the settings may be files */
  readonly fetch: Fetch
  readonly inputs: Store
  readonly lists: ListDates
  readonly query: QueryDatabase
  readonly sources: Sources
  readonly readDirectory: DriverSourcePorts['readDirectory']
  readonly now: Clock
  readonly log: Log
}

interface Planning
  extends Omit<KernelOfPorts, 'kernels'>,
    Pick<DecidePorts, 'driver' | 'ensureInput' | 'checkKept'> {
  readonly cache: BuildCache
  readonly drivers: DriversPorts
}

export function createPlanning(ports: PlanningPorts): Planning {
  const { settings, inputs } = ports
  const planners = createPlanners(settings, {
    ...ports,
    machines: settings.build.machines,
    images: settings.loadTest.mode !== 'off',
  })
  const drivers = { ...ports, suites: driverSuites(ports, settings.driverPackages, settings) }
  const driverPorts: DriverSourcePorts = {
    ...ports,
    findDriver: (name, version) => findDriver(drivers, name, version),
  }
  return {
    kernel: planners.plan,
    submitted: planners.planSubmitted,
    identify: planners.identify,
    ownSources: settings.vanilla.keys.length > 0,
    driver: (probe) => driverSource(driverPorts, driverFor(settings, probe.driverVersion), probe),
    ensureInput: planners.bring,
    checkKept: (file) => checkKept(inputs, file),
    cache: createBuildCache(inputs),
    drivers,
  }
}
