// Parses and compares series of kernels: the first two numbers of a version, e.g. 6.12.

export type Series = readonly [major: number, minor: number]

/** `undefined`: `release` does not begin with a version. */
export const seriesOf = (release: string): Series | undefined => {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

export const compareSeries = (a: Series, b: Series): number => a[0] - b[0] || a[1] - b[1]

export const formatSeries = ([major, minor]: Series): string => `${major}.${minor}`
