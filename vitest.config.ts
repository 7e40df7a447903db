// Five kinds of tests: fast ones in parallel, then, two files at a time, those that build real probes, of these the ones that
// `npm test` leaves to `npm run test:long`, there some of them once more by a stack that is as strict as AWS, and last those
// that break the stack, the longest of which mostly waits.

import { defineConfig } from 'vitest/config'
import { NOT_STRICT } from './test/support/registry/mode.ts'

const BUILDS = ['attacks', 'e2e', 'buildspecs', 'systems', 'hosts'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)
const FAULTS = 'test/faults/**/*.test.ts'
const LONG = 'test/**/*.long.test.ts'
/** The promises that `npm start -- --strict` keeps as well are all of these but for those that say why they are not. */
const PROMISES = 'test/e2e/*.test.ts'
const ONCE_ONLY = Object.keys(NOT_STRICT).map((name) => `test/e2e/${name}.test.ts`)
const MINUTES = 60_000
/** What builds real probes. */
const real = {
  globalSetup: 'test/support/package-lists.ts',
  testTimeout: 10 * MINUTES,
  hookTimeout: 10 * MINUTES,
}
const inPairs = (groupOrder: number) => ({ ...real, maxWorkers: 2, sequence: { groupOrder } })

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...BUILDS, FAULTS, LONG],
          testTimeout: MINUTES,
          hookTimeout: MINUTES,
          maxWorkers: '100%',
          // Not 0: vitest puts a group 0 of one worker last.
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...inPairs(2), name: 'real', include: BUILDS, exclude: [LONG] } },
      { test: { ...inPairs(3), name: 'long', include: [LONG], env: { TEST_LONG: '1' } } },
      {
        test: {
          ...inPairs(4),
          name: 'strict',
          include: [PROMISES],
          exclude: [...ONCE_ONLY, LONG],
          // Once more is enough: not in their long forms.
          env: { TEST_STRICT: '1', TEST_LONG: '' },
        },
      },
      { test: { ...inPairs(5), name: 'faults', include: [FAULTS], exclude: [LONG] } },
    ],
  },
})
