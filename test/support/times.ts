// Formats the durations of the tests for the end of their output.

export interface FileTime {
  /** below the project's folder */
  readonly file: string
  readonly seconds: number
}

/** Minutes for `npm test`, on two otherwise idle processors. */
const BUDGET = 45

/** One line per file, slowest first. */
export const slowestFirst = (files: readonly FileTime[]): string =>
  [...files]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}\n`)
    .join('')

/** The message for a run above its budget; empty for the long run, which has none. */
export const overBudget = (seconds: number, long: boolean): string =>
  long || seconds <= BUDGET * 60
    ? ''
    : `✗ npm test took ${(seconds / 60).toFixed(1)} minutes, its budget is ${BUDGET}: what is only more of the same kind goes to npm run test:long\n`
