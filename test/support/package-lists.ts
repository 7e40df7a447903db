// Runs before the tests that build real probes: it loads current package lists of the archive, and makes the build roots.

import { archive } from './builds/apt.ts'
import { rootFor } from './builds/roots.ts'

export async function setup(): Promise<void> {
  archive()
  await rootFor('steps')
  await rootFor('compilers')
  await rootFor('machine')
}
