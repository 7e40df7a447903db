// Settings of a suite in a Debian archive. The read path loads this file, so it stays small.

import * as z from 'zod'
import type { Arch } from '../../model/probe.ts'

/** dpkg's name of each architecture: Debian Policy, 11.1. */
export const DPKG_ARCH = { x86_64: 'amd64', aarch64: 'arm64' } as const satisfies Record<Arch, string>

/** URL without a trailing slash. */
export const folderUrl = z.string().regex(/^https?:\/\/[^\s]+[^/\s]$/)

export const suiteSchema = z.object({
  /** base URL of the archive, e.g. http://security.debian.org/debian-security */
  mirror: folderUrl,
  /** e.g. `bookworm-security` */
  suite: z.string().regex(/^[a-z0-9-]+$/),
  /** default: `main` */
  components: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/))
    .min(1)
    .optional(),
  /** `false`: accepts lists after their Valid-Until, as the option of this name in sources.list(5) does */
  checkValidUntil: z.boolean().optional(),
  /** `true`: a snapshot, whose lists may be older than a list that was read before */
  ofThePast: z.boolean().optional(),
})
/** Settings of a complete archive. */
export const archiveSchema = suiteSchema.pick({ mirror: true, checkValidUntil: true, ofThePast: true })
export type Suite = Readonly<z.infer<typeof suiteSchema>>
