// Lists Ubuntu's suites from the settings, and ranks those that can have a kernel.

import type { Suite } from '../../archives/apt/suite.ts'
import type { Arch } from '../../model/probe.ts'
import { compareSeries, seriesOf } from '../../model/series.ts'
import type { TargetSettings } from '../targets.ts'

/** Releases from the oldest to the newest, with the series of their first kernel. */
const RELEASES = [
  { codename: 'trusty', number: '14.04', series: '3.13', lts: true },
  { codename: 'utopic', number: '14.10', series: '3.16', lts: false },
  { codename: 'vivid', number: '15.04', series: '3.19', lts: false },
  { codename: 'wily', number: '15.10', series: '4.2', lts: false },
  { codename: 'xenial', number: '16.04', series: '4.4', lts: true },
  { codename: 'yakkety', number: '16.10', series: '4.8', lts: false },
  { codename: 'zesty', number: '17.04', series: '4.10', lts: false },
  { codename: 'artful', number: '17.10', series: '4.13', lts: false },
  { codename: 'bionic', number: '18.04', series: '4.15', lts: true },
  { codename: 'cosmic', number: '18.10', series: '4.18', lts: false },
  { codename: 'disco', number: '19.04', series: '5.0', lts: false },
  { codename: 'eoan', number: '19.10', series: '5.3', lts: false },
  { codename: 'focal', number: '20.04', series: '5.4', lts: true },
  { codename: 'groovy', number: '20.10', series: '5.8', lts: false },
  { codename: 'hirsute', number: '21.04', series: '5.11', lts: false },
  { codename: 'impish', number: '21.10', series: '5.13', lts: false },
  { codename: 'jammy', number: '22.04', series: '5.15', lts: true },
  { codename: 'kinetic', number: '22.10', series: '5.19', lts: false },
  { codename: 'lunar', number: '23.04', series: '6.2', lts: false },
  { codename: 'mantic', number: '23.10', series: '6.5', lts: false },
  { codename: 'noble', number: '24.04', series: '6.8', lts: true },
  { codename: 'oracular', number: '24.10', series: '6.11', lts: false },
  { codename: 'plucky', number: '25.04', series: '6.14', lts: false },
  { codename: 'questing', number: '25.10', series: '6.17', lts: false },
  { codename: 'resolute', number: '26.04', series: '7.0', lts: true },
] as const

/** Releases whose suites Ubuntu has moved, or will move, to old-releases.ubuntu.com. */
export const INTERIM = RELEASES.filter(({ lts }) => !lts).map(({ codename }) => codename)
export const LONG_TERM = RELEASES.filter(({ lts }) => lts).map(({ codename }) => codename)

/**
 * Releases that can have a kernel. An upload such as `26~22.04.1` names the release. Else the first release
 * that came with this series or a newer one, and the long-term release before it, which gets the kernels of
 * later releases.
 */
export function releasesOf(kernelRelease: string, upload: string): readonly string[] {
  const number = /~(\d\d\.\d\d)/.exec(upload)?.[1]
  const told = RELEASES.filter((release) => release.number === number)
  if (told.length > 0) return told.map(({ codename }) => codename)
  const series = seriesOf(kernelRelease)
  const at = RELEASES.findIndex((one) => series && compareSeries(seriesOf(one.series) ?? [0, 0], series) >= 0)
  const known = at < 0 ? RELEASES : RELEASES.slice(0, at + 1)
  const own = known.at(-1)
  const before = known.slice(0, -1).findLast(({ lts }) => lts)
  return [own, before].flatMap((release) => release?.codename ?? [])
}

/**
 * Ranks suites for reading: the likeliest release first, and within a release its updates before its first
 * packages. `undefined`: the suite cannot have this kernel. A suite with a name that Ubuntu does not use is
 * the operator's own.
 */
export function rankFor(kernelRelease: string, upload: string): (suite: Suite) => number | undefined {
  const likely = releasesOf(kernelRelease, upload)
  return ({ suite }) => {
    const [codename = '', ...pocket] = suite.split('-')
    if (!RELEASES.some((release) => release.codename === codename)) return 2 * likely.length
    const at = likely.indexOf(codename)
    return at < 0 ? undefined : 2 * at + (pocket.length > 0 ? 0 : 1)
  }
}

/** Flavours with a shorter support by Canonical are in universe. */
const COMPONENTS = ['main', 'universe']

/** Suites with their mirrors: `ports` has all architectures except x86_64. */
export const suitesOf = ({ mirrors, suites }: TargetSettings['ubuntu'], arch: Arch): Suite[] =>
  suites.map(({ mirror, ...suite }) => {
    const own = suite.suite.endsWith('-security') ? mirrors.security : mirrors.main
    return { components: COMPONENTS, ...suite, mirror: mirror ?? (arch === 'x86_64' ? own : mirrors.ports) }
  })
