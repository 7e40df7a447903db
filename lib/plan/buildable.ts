// Can this probe be built at all? Pure: a forged name is refused here and costs nothing.

import { checkKernel, checkUnameRelease } from '../kernels/targets.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import type { Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import type { ConfigHashName } from '../names/grammar.ts'

/** ProbeError `unknown-driver-version`, `unsupported-driver-name`, `unsupported-kind`, `unknown-target`, `unsupported-kernel`. */
export function checkBuildable(settings: Settings, asked: Probe | ConfigHashName): void {
  checkDriver(driverFor(settings, asked.driverVersion), asked)
  if ('tag' in asked) checkUnameRelease(asked)
  else if (asked.config !== undefined) return
  else checkKernel(asked)
}
