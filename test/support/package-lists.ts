// Before the tests that build real probes: the archive's package lists are there, and not old.

import { archive } from './builds/apt.ts'

export const setup = (): void => void archive()
