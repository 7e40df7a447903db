// Debian's suites as the settings name them, and in which order they are asked for a kernel: that decides nothing.

import type { Suite } from '../../archives/apt/suite.ts'
import type { TargetSettings } from '../targets.ts'
import { parseRelease } from './names.ts'

/** Each with its mirror. What the settings say of the archive is about suites at its own mirrors. */
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

/** By the number of the release, as in `~bpo12+1`, `~deb12u1`, `+deb12` and `-0.deb11.47`. */
const CODENAMES: Readonly<Record<string, string>> = {
  '8': 'jessie',
  '9': 'stretch',
  '10': 'buster',
  '11': 'bullseye',
  '12': 'bookworm',
  '13': 'trixie',
  '14': 'forky',
}

/** A stable release has one series of kernels. */
const SERIES: Readonly<Record<string, string>> = {
  '3.16': 'jessie',
  '4.9': 'stretch',
  '4.19': 'buster',
  '5.10': 'bullseye',
  '6.1': 'bookworm',
  '6.12': 'trixie',
}

/** The code name of the release that a kernel of that name was made for; `undefined` where the name does not say. */
export function codenameOf(kernelRelease: string): string | undefined {
  const version = parseRelease(kernelRelease)?.version ?? ''
  // The last one: `+deb10u1~bpo9+1` is buster's, made anew for stretch.
  const number = [...version.matchAll(/[~+.](?:bpo|deb)(\d{1,2})/g)].at(-1)?.[1]
  return number === undefined ? SERIES[/^\d+\.\d+/.exec(version)?.[0] ?? ''] : CODENAMES[number]
}

/**
 * Before all others the suites of the release that the name suggests; of a kernel of none, those of releases that are yet
 * to come. What is in backports has a `~` in its version, and is looked for in all suites.
 */
export function rankFor(kernelRelease: string): (suite: Suite) => number {
  const codename = codenameOf(kernelRelease)
  const stable = Object.values(SERIES)
  const first = (release: string): boolean =>
    codename === undefined ? !stable.includes(release) : release === codename
  return ({ suite }) => (!suite.endsWith('-backports') && first(suite.split('-')[0] ?? '') ? 0 : 1)
}
