// Tests that do not run everywhere say why, each by itself: the end of `npm test` lists them.

import { test } from 'vitest'
import { LONG } from './long.ts'

type Test = (name: string, run: () => unknown, milliseconds?: number) => void

/** A test that runs unless there is a reason against it. With one it is skipped, and the reason is printed. */
export const testUnless =
  (whyNot: string | undefined): Test =>
  (name, run, milliseconds) =>
    test(name, milliseconds === undefined ? {} : { timeout: milliseconds }, ({ skip }) =>
      whyNot === undefined ? run() : skip(whyNot),
    )

/** A test of the longer form alone. */
export const testLong = testUnless(LONG ? undefined : 'npm run test:long runs it')
