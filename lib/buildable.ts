// Can this probe be built at all? Pure: a forged name is refused here and costs nothing.

import { checkDriver, driverFor } from './drivers.ts'
import { checkKernel, checkUnameRelease } from './kernels/check.ts'
import type { ConfigHashName } from './names/index.ts'
import type { Probe } from './probe.ts'
import type { Settings } from './settings.ts'

/** ProbeError `unknown-driver-version`, `unsupported-driver-name`, `unsupported-kind`, `unknown-target`, `unsupported-kernel`. */
export function checkBuildable(settings: Settings, asked: Probe | ConfigHashName): void {
  checkDriver(driverFor(settings, asked.driverVersion), asked)
  if ('tag' in asked) checkUnameRelease(asked)
  else if (asked.config !== undefined) return
  else checkKernel(asked)
}
