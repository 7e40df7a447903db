// What the read path knows of Debian's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import { suiteSchema } from '../../archives/apt/suite.ts'
import type { TargetFacts } from '../target.ts'
import { checkDebian } from './names.ts'

export const debian = {
  check: checkDebian,
  settings: z.object({ suites: z.array(suiteSchema) }),
  defaults: {
    suites: [
      { mirror: 'http://security.debian.org/debian-security', suite: 'bookworm-security' },
      { mirror: 'http://mirrors.edge.kernel.org/debian', suite: 'bookworm' },
      { mirror: 'http://mirrors.edge.kernel.org/debian', suite: 'bookworm-updates' },
    ],
  },
} as const satisfies TargetFacts
