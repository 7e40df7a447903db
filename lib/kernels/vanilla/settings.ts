// Where the source of a submitted kernel comes from: `{major}` 6, `{series}` 6.1, `{version}` 6.1.192.

import * as z from 'zod'
import { signingKeySchema } from '../../archives/detached.ts'

export const vanillaSchema = z.object({
  /** URL in kernel.org's layout; next to it, as `.tar.sign`, the signature over the unpacked archive */
  archive: z.string().regex(/\.tar\.xz$/),
  /** whose signatures are believed as well as kernel.org's own: of a mirror of custom kernels */
  keys: z.array(signingKeySchema),
  /** packages of a kernel's source: taken where the archive has no such version, and one of them is of exactly that one */
  packages: z.array(z.string()),
})

export type VanillaSettings = z.infer<typeof vanillaSchema>

export const VANILLA: VanillaSettings = {
  archive: 'https://cdn.kernel.org/pub/linux/kernel/v{major}.x/linux-{version}.tar.xz',
  keys: [],
  packages: ['linux-source-{series}'],
}
