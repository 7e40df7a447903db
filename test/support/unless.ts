// Tests that do not run everywhere: each skipped test gives its reason, and the end of `npm test` lists them.

import { test } from 'vitest'
import { LONG } from './long.ts'

type Test = (name: string, run: () => unknown, milliseconds?: number) => void

/** A test that runs unless there is a reason against it. With a reason, the test is skipped and the reason printed. */
export const testUnless =
  (whyNot: string | undefined): Test =>
  (name, run, milliseconds) =>
    test(name, milliseconds === undefined ? {} : { timeout: milliseconds }, ({ skip }) =>
      whyNot === undefined ? run() : skip(whyNot),
    )

/** A test that only the longer form runs. */
export const testLong = testUnless(LONG ? undefined : 'npm run test:long runs it')
