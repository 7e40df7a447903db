// Two kinds of tests: fast ones in parallel, then those that build real probes, one file at a time.

import { defineConfig } from 'vitest/config'

const REAL = ['test/e2e/**/*.test.ts', 'test/buildspecs/**/*.test.ts', 'test/systems/**/*.test.ts']
const MINUTES = 60_000

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
          testTimeout: MINUTES,
          hookTimeout: MINUTES,
          maxWorkers: '100%',
          // Not 0: vitest puts a group 0 of one worker last.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'real',
          include: REAL,
          fileParallelism: false,
          testTimeout: 10 * MINUTES,
          hookTimeout: 10 * MINUTES,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
