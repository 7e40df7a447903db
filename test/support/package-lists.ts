// Before the tests that build real probes: the archive's package lists are there, and not old; and so are build roots.

import { archive } from './builds/apt.ts'
import { rootFor } from './builds/roots.ts'

export async function setup(): Promise<void> {
  archive()
  await rootFor('steps')
  await rootFor('compilers')
  await rootFor('machine')
}
