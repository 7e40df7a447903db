// Before the tests that build real probes: the archive's package lists are there, and not old; and so is a build root.

import { archive } from './builds/apt.ts'
import { stepsRoot } from './builds/roots.ts'

export async function setup(): Promise<void> {
  archive()
  await stepsRoot()
}
