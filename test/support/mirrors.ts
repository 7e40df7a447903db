// Debian's suites that the tests mean, whatever Debian this machine is, from its own apt's mirrors.

import type { Suite } from '../../lib/archives/apt/suite.ts'
import { DRIVER_ARCHIVE, type DriverArchive } from '../../lib/archives/drivers.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { aptOptions, aptSuites } from '../../local/start/apt-sources.ts'

/** Of one release: what apt would install of them is of that release. */
const SUITES = ['bookworm-security', 'bookworm', 'bookworm-updates']

export const debianSuites = (): readonly Suite[] => SUITES.map(suiteHere)

/** Every suite of the defaults. */
export const everySuite = (): readonly Suite[] => DEFAULTS.debian.suites.map(({ suite }) => suiteHere(suite))

/** A system fresh from debootstrap names no mirror of security updates: it is where most mirrors have it. */
function suiteHere(suite: string): Suite {
  const main = mainMirror()
  const own = aptSuites().find(({ mirror }) => mirror.endsWith('/debian-security'))
  const security = own?.mirror ?? `${main}-security`
  return { mirror: suite.endsWith('-security') ? security : main, suite, ...aptOptions() }
}

/** Where the driver packages of this machine's registry come from. */
export const driverArchive = (): DriverArchive => ({
  ...DRIVER_ARCHIVE,
  mirror: mainMirror(),
  ...aptOptions(),
})

/** Where this machine's apt gets Debian from. */
export function mainMirror(): string {
  const main = aptSuites().find(({ mirror }) => mirror.endsWith('/debian'))
  if (main !== undefined) return main.mirror
  throw new Error("this machine's apt has no mirror of Debian in its sources")
}
