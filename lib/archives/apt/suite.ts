// A suite of a Debian archive, as an operator names it: light, for the read path, which only checks settings.

import * as z from 'zod'
import type { Arch } from '../../model/probe.ts'

/** dpkg's word for the architecture: Debian Policy, 11.1. */
export const DPKG_ARCH = { x86_64: 'amd64', aarch64: 'arm64' } as const satisfies Record<Arch, string>

/** Without a slash at its end. */
export const folderUrl = z.string().regex(/^https?:\/\/[^\s]+[^/\s]$/)

export const suiteSchema = z.object({
  /** base URL of the archive, e.g. http://security.debian.org/debian-security */
  mirror: folderUrl,
  /** e.g. `bookworm-security` */
  suite: z.string().regex(/^[a-z0-9-]+$/),
  /** e.g. `main`, which is read where none is named */
  components: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/))
    .min(1)
    .optional(),
  /** `false`: lists past their Valid-Until are believed; the option of this name in sources.list(5) */
  checkValidUntil: z.boolean().optional(),
  /** `true`: a snapshot, whose lists may be older than one that was read before */
  ofThePast: z.boolean().optional(),
})
/** What an operator says of a whole archive. */
export const archiveSchema = suiteSchema.pick({ mirror: true, checkValidUntil: true, ofThePast: true })
export type Suite = Readonly<z.infer<typeof suiteSchema>>
