// What the read path knows of Ubuntu's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import { suiteSchema } from '../../archives/apt/suite.ts'
import type { TargetFacts } from '../target.ts'
import { checkUbuntu } from './names.ts'
import { INTERIM, LONG_TERM } from './suites.ts'

const { mirror } = suiteSchema.shape

const settings = z.object({
  /** where a suite is that names no mirror of its own: of x86_64 those of security updates at `security`, all others at `main`; of other architectures at `ports` */
  mirrors: z.object({ main: mirror, security: mirror, ports: mirror }),
  suites: z.array(suiteSchema.extend({ mirror: mirror.optional() })),
  /** armored public keys that are believed as well as Ubuntu's own: of an archive of custom kernels */
  keys: z.array(z.string()),
})

const POCKETS = ['-security', '-updates', '']
const OLD_RELEASES = 'http://old-releases.ubuntu.com/ubuntu'

/** A suite that is not there yet, or any more, is passed over. */
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
