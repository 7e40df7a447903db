// Three kinds of tests: fast ones in parallel, then those that build real probes, one file at a time, and of these the ones
// that `npm test` leaves to `npm run test:long`.

import { defineConfig } from 'vitest/config'

const REAL = ['attacks', 'e2e', 'buildspecs', 'systems', 'hosts', 'faults'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)
const LONG = 'test/**/*.long.test.ts'
const MINUTES = 60_000
/** What builds real probes. */
const real = {
  globalSetup: 'test/support/package-lists.ts',
  fileParallelism: false,
  testTimeout: 10 * MINUTES,
  hookTimeout: 10 * MINUTES,
  sequence: { groupOrder: 2 },
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...REAL, LONG],
          testTimeout: MINUTES,
          hookTimeout: MINUTES,
          maxWorkers: '100%',
          // Not 0: vitest puts a group 0 of one worker last.
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...real, name: 'real', include: REAL, exclude: [LONG] } },
      { test: { ...real, name: 'long', include: [LONG], env: { TEST_LONG: '1' } } },
    ],
  },
})
