// Debian's suites as this machine's own apt has them: no mirror is written down here.

import type { Suite } from '../../lib/archives/apt/suite.ts'
import { DRIVER_ARCHIVE, type DriverArchive } from '../../lib/archives/drivers.ts'
import { aptOptions, aptSuites } from '../../local/start/apt-sources.ts'

export const debianSuites = (): readonly Suite[] => aptSuites()

/** Where the driver packages of this machine's registry come from: the same mirror, and what apt here believes of it. */
export function driverArchive(): DriverArchive {
  const mirror = debianSuites().find(({ mirror: url }) => url.endsWith('/debian'))?.mirror
  if (mirror === undefined) throw new Error("this machine's apt has no mirror of Debian")
  return { ...DRIVER_ARCHIVE, mirror, ...aptOptions() }
}
