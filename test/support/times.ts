// How long the tests took, for the end of their output.

export interface FileTime {
  /** below the project's folder */
  readonly file: string
  readonly seconds: number
}

/** Minutes of `npm test`, on two processors that do nothing else. */
const BUDGET = 45

/** One line a file, slowest first. */
export const slowestFirst = (files: readonly FileTime[]): string =>
  [...files]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}\n`)
    .join('')

/** What a run of more minutes than it may take is told; nothing of one that may take any. */
export const overBudget = (seconds: number, long: boolean): string =>
  long || seconds <= BUDGET * 60
    ? ''
    : `✗ npm test took ${(seconds / 60).toFixed(1)} minutes, its budget is ${BUDGET}: what is only more of the same kind goes to npm run test:long\n`
