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

/** Code names by the number of the release, as in `~bpo12+1`, `~deb12u1`, `+deb12` and `-0.deb11.47`. */
const CODENAMES: Readonly<Record<string, string>> = {
  '8': 'jessie',
  '9': 'stretch',
  '10': 'buster',
  '11': 'bullseye',
  '12': 'bookworm',
  '13': 'trixie',
  '14': 'forky',
}

/** The series of kernels that each stable release has. */
const SERIES: Readonly<Record<string, string>> = {
  '3.16': 'jessie',
  '4.9': 'stretch',
  '4.19': 'buster',
  '5.10': 'bullseye',
  '6.1': 'bookworm',
  '6.12': 'trixie',
}

/** The code name of the release for which a kernel was made; `undefined` if the name does not show it. */
export function codenameOf(kernelRelease: string): string | undefined {
  const version = parseRelease(kernelRelease)?.version ?? ''
  // The last number counts: `+deb10u1~bpo9+1` is buster's kernel, rebuilt for stretch.
  const number = [...version.matchAll(/[~+.](?:bpo|deb)(\d{1,2})/g)].at(-1)?.[1]
  return number === undefined ? SERIES[/^\d+\.\d+/.exec(version)?.[0] ?? ''] : CODENAMES[number]
}

/**
 * Ranks the suites of the release that the name suggests first; if it suggests none, those of releases that
 * are not stable yet. Backports are never first: versions there have a `~`, for which all suites are read.
 */
export function rankFor(kernelRelease: string): (suite: Suite) => number {
  const codename = codenameOf(kernelRelease)
  const stable = Object.values(SERIES)
  const first = (release: string): boolean =>
    codename === undefined ? !stable.includes(release) : release === codename
  return ({ suite }) => (!suite.endsWith('-backports') && first(suite.split('-')[0] ?? '') ? 0 : 1)
}
