// Checks the names of Debian's kernels, and defines the target's settings.

import * as z from 'zod'
import { suiteSchema } from '../../archives/apt/suite.ts'
import type { TargetFacts } from '../target.ts'
import { checkDebian } from './names.ts'
import { OTHERS, otherSettings } from './others.ts'

const { mirror, checkValidUntil, ofThePast } = suiteSchema.shape

const settings = z.object({
  /** mirrors of suites without a mirror of their own: `security` for security updates, else `main` */
  mirrors: z.object({ main: mirror, security: mirror }),
  /** for the suites at those mirrors */
  checkValidUntil,
  ofThePast,
  suites: z.array(suiteSchema.extend({ mirror: mirror.optional() })),
  /** the service that keeps dropped packages; asked for kernels that no suite has, or never (`off`) */
  snapshot: z.object({ mode: z.enum(['on', 'off']), url: mirror }),
  /** archives of other distributions that call themselves Debian; each is trusted only by its own keys */
  raspberrypi: otherSettings,
  proxmox: otherSettings,
})

/** All releases that may be in Debian's archive. Suites that it does not have are skipped. */
const SUITES = [
  ...['bookworm-security', 'bookworm', 'bookworm-updates', 'bookworm-backports'],
  ...['trixie-security', 'trixie', 'trixie-updates', 'trixie-backports'],
  ...['bullseye-security', 'bullseye', 'bullseye-updates'],
  ...['forky-security', 'forky', 'forky-updates'],
  'sid',
]

export const debian = {
  check: checkDebian,
  settings,
  defaults: {
    mirrors: {
      main: 'http://mirrors.edge.kernel.org/debian',
      security: 'http://security.debian.org/debian-security',
    },
    suites: SUITES.map((suite) => ({ suite })),
    snapshot: { mode: 'on', url: 'https://snapshot.debian.org' },
    raspberrypi: OTHERS.raspberrypi.defaults,
    proxmox: OTHERS.proxmox.defaults,
  },
} as const satisfies TargetFacts
