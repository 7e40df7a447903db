// Compares driver versions within their line: upstream releases, packages, or commits.

/** The first three numbers: `0.1.1dev+git20220316.e5c53d64` -> 0, 1, 1. Missing numbers are 0. */
const numbersOf = (driverVersion: string): readonly [number, number, number] => {
  const [, major = 0, minor = 0, patch = 0] =
    /^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?/.exec(driverVersion) ?? []
  return [Number(major), Number(minor), Number(patch)]
}

export const compareDrivers = (a: string, b: string): number => {
  const [x, y] = [numbersOf(a), numbersOf(b)]
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2]
}

/** True for a commit of falcosecurity/libs, which Falco's master branch requests. */
export const isCommit = (driverVersion: string): boolean => /^[0-9a-f]{40}$/.test(driverVersion)

/** Versions of different lines cannot be compared. */
function lineOf(driverVersion: string): 'upstream' | 'package' | 'commit' {
  if (isCommit(driverVersion)) return 'commit'
  return driverVersion.endsWith('+driver') ? 'upstream' : 'package'
}

/** True from `first` to `last`, inclusive, in the same line of versions. Without `last`, the range has no end. */
export const isBetween = (driverVersion: string, first: string, last?: string): boolean =>
  lineOf(driverVersion) === lineOf(first) &&
  compareDrivers(driverVersion, first) >= 0 &&
  (last === undefined || compareDrivers(driverVersion, last) <= 0)
