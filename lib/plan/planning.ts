// Creates the ports of `plan` from the planners of kernels and the sources of drivers.

import { createBuildCache } from '../inputs/cache.ts'
import { checkKept } from '../inputs/submitted.ts'
import { createPlanners } from '../kernels/planners.ts'
import type { AllSettings } from '../kernels/settings.ts'
import type { Stored } from '../model/digest.ts'
import { driverFor } from '../model/drivers.ts'
import type { Probe } from '../model/probe.ts'
import { type DriverSourcePorts, driverSource } from './driver-source.ts'
import { driverSuites, findDriver } from './drivers.ts'

/** `fetch` also reads files, because places in the settings may be files. */
type PlanningPorts = Omit<Parameters<typeof createPlanners>[1], 'machines' | 'images'> &
  Pick<DriverSourcePorts, 'readDirectory'> & { readonly settings: AllSettings }

export function createPlanning(ports: PlanningPorts) {
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
    driver: (probe: Probe) => driverSource(driverPorts, driverFor(settings, probe.driverVersion), probe),
    ensureInput: planners.bring,
    checkKept: (file: Stored) => checkKept(inputs, file),
    cache: createBuildCache(inputs),
    drivers,
  }
}
