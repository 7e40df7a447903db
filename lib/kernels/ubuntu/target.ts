// Checks the names of Ubuntu's kernels, and defines the target's settings.

import * as z from 'zod'
import { suiteSchema } from '../../archives/apt/suite.ts'
import type { TargetFacts } from '../target.ts'
import { checkUbuntu } from './names.ts'
import { INTERIM, LONG_TERM } from './suites.ts'

const { mirror } = suiteSchema.shape

const settings = z.object({
  /**
   * mirrors of suites that name no mirror themselves: for x86_64 `security` (security updates) and `main`
   * (all others), for other architectures `ports`
   */
  mirrors: z.object({ main: mirror, security: mirror, ports: mirror }),
  suites: z.array(suiteSchema.extend({ mirror: mirror.optional() })),
  /** additional armored public keys that are trusted: for an archive of custom kernels */
  keys: z.array(z.string()),
})

const POCKETS = ['-security', '-updates', '']
const OLD_RELEASES = 'http://old-releases.ubuntu.com/ubuntu'

/** Suites that the mirrors do not have yet, or no longer, are skipped. */
const SUITES = [
  ...LONG_TERM.flatMap((codename) => POCKETS.map((pocket) => ({ suite: codename + pocket }))),
  ...INTERIM.flatMap((codename) =>
    POCKETS.map((pocket) => ({ suite: codename + pocket, mirror: OLD_RELEASES })),
  ),
]

export const ubuntu = {
  check: (request) => void checkUbuntu(request),
  settings,
  defaults: {
    mirrors: {
      main: 'http://archive.ubuntu.com/ubuntu',
      security: 'http://security.ubuntu.com/ubuntu',
      ports: 'http://ports.ubuntu.com/ubuntu-ports',
    },
    suites: SUITES,
    keys: [],
  },
} as const satisfies TargetFacts
