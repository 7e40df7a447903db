// What the read path knows of Debian's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import { suiteSchema } from '../../archives/apt/suite.ts'
import type { TargetFacts } from '../target.ts'
import { checkDebian } from './names.ts'
import { OTHERS, otherSettings } from './others.ts'

const { mirror, checkValidUntil, ofThePast } = suiteSchema.shape

const settings = z.object({
  /** where a suite is that names no mirror of its own: those of security updates at `security`, all others at `main` */
  mirrors: z.object({ main: mirror, security: mirror }),
  /** of the suites at those mirrors */
  checkValidUntil,
  ofThePast,
  suites: z.array(suiteSchema.extend({ mirror: mirror.optional() })),
  /** the service that keeps what the archive has dropped, asked for kernels that no suite has; `off`: never */
  snapshot: z.object({ mode: z.enum(['on', 'off']), url: mirror }),
  /** the archives of distributions that call themselves Debian, each believed by its own keys alone */
  raspberrypi: otherSettings,
  proxmox: otherSettings,
})

/** What Debian has of each release that it still keeps in its archive; a suite that is not there yet, or any more, is passed over. */
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
