// Lists Debian's suites from the settings, and ranks them for a kernel. The order never changes a plan.

import type { Suite } from '../../archives/apt/suite.ts'
import type { TargetSettings } from '../targets.ts'
import { parseRelease } from './names.ts'

/** Suites with their mirrors. The archive's settings apply only to suites without a mirror of their own. */
export const suitesOf = ({
  mirrors,
  suites,
  checkValidUntil,
  ofThePast,
}: TargetSettings['debian']): Suite[] =>
  suites.map(({ mirror, ...suite }) => {
    if (mirror !== undefined) return { mirror, ...suite }
    const own = suite.suite.endsWith('-security') ? mirrors.security : mirrors.main
    return { mirror: own, checkValidUntil, ofThePast, ...suite }
  })

/**
 * Releases, with the number that is in `~bpo12+1`, `~deb12u1`, `+deb12` and `-0.deb11.47`, and the series of
 * kernels that each stable release has.
 */
const RELEASES = [
  { codename: 'jessie', number: '8', series: '3.16' },
  { codename: 'stretch', number: '9', series: '4.9' },
  { codename: 'buster', number: '10', series: '4.19' },
  { codename: 'bullseye', number: '11', series: '5.10' },
  { codename: 'bookworm', number: '12', series: '6.1' },
  { codename: 'trixie', number: '13', series: '6.12' },
  { codename: 'forky', number: '14', series: '' },
]

/** The code name of the release for which a kernel was made; `undefined` if the name does not show it. */
export function codenameOf(kernelRelease: string): string | undefined {
  const version = parseRelease(kernelRelease)?.version ?? ''
  // The last number counts: `+deb10u1~bpo9+1` is buster's kernel, rebuilt for stretch.
  const number = [...version.matchAll(/[~+.](?:bpo|deb)(\d{1,2})/g)].at(-1)?.[1]
  const series = /^\d+\.\d+/.exec(version)?.[0]
  const found = RELEASES.find((one) => (number === undefined ? one.series === series : one.number === number))
  return found?.codename
}

/**
 * Ranks the suites of the release that the name suggests first; if it suggests none, those of releases that
 * are not stable yet. Backports are never first: versions there have a `~`, for which all suites are read.
 */
export function rankFor(kernelRelease: string): (suite: Suite) => number {
  const codename = codenameOf(kernelRelease)
  const stable = RELEASES.filter(({ series }) => series !== '').map((one) => one.codename)
  const first = (release: string): boolean =>
    codename === undefined ? !stable.includes(release) : release === codename
  return ({ suite }) => (!suite.endsWith('-backports') && first(suite.split('-')[0] ?? '') ? 0 : 1)
}
