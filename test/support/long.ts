// `npm run test:long` runs all tests. `npm test` has a time budget, and leaves out tests that are only more of the same kind.
// A file with only such tests is named *.long.test.ts.

/** Whether a file runs its longer form. */
export const LONG = process.env.TEST_LONG === '1'
