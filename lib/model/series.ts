// Series of kernels: the first two numbers of a version.

/** E.g. of 6.12.117. */
export type Series = readonly [major: number, minor: number]

/** Of a version, or of a release that begins with one; `undefined` where it does not. */
export const seriesOf = (release: string): Series | undefined => {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

export const compareSeries = (a: Series, b: Series): number => a[0] - b[0] || a[1] - b[1]

export const formatSeries = ([major, minor]: Series): string => `${major}.${minor}`
