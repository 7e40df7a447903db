// Can this probe be built at all? Pure: a forged name is refused here and costs nothing.

import { checkDriver, driverFor } from './drivers.ts'
import { checkKernel } from './kernels/check.ts'
import type { Probe } from './probe.ts'
import type { Settings } from './settings.ts'

/** ProbeError `unknown-driver-version`, `unsupported-driver-name`, `unsupported-kind`, `unknown-target`, `unsupported-kernel`. */
export function checkBuildable(settings: Settings, probe: Probe): void {
  checkDriver(driverFor(settings, probe.driverVersion), probe)
  checkKernel(probe)
}
