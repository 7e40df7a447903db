// The Debian suites that the tests use, on any Debian release, from the mirrors of this machine's apt.

import type { Suite } from '../../lib/archives/apt/suite.ts'
import { DRIVER_ARCHIVE, type DriverArchive } from '../../lib/archives/drivers.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { aptOptions, aptSuites } from '../../local/start/apt-sources.ts'

/** Suites of one release, so that apt would install only its packages. */
const SUITES = ['bookworm-security', 'bookworm', 'bookworm-updates']

export const debianSuites = (): readonly Suite[] => SUITES.map(suiteHere)

/** Every suite of the default settings. */
export const everySuite = (): readonly Suite[] => DEFAULTS.debian.suites.map(({ suite }) => suiteHere(suite))

/** A new system from debootstrap names no mirror of security updates; the default is the place that most mirrors use. */
function suiteHere(suite: string): Suite {
  const main = mainMirror()
  const own = aptSuites().find(({ mirror }) => mirror.endsWith('/debian-security'))
  const security = own?.mirror ?? `${main}-security`
  return { mirror: suite.endsWith('-security') ? security : main, suite, ...aptOptions() }
}

/** The source of the driver packages for this machine's registry. */
export const driverArchive = (): DriverArchive => ({
  ...DRIVER_ARCHIVE,
  mirror: mainMirror(),
  ...aptOptions(),
})

/** The mirror from which this machine's apt gets Debian. */
export function mainMirror(): string {
  const main = aptSuites().find(({ mirror }) => mirror.endsWith('/debian'))
  if (main !== undefined) return main.mirror
  throw new Error("this machine's apt has no mirror of Debian in its sources")
}
