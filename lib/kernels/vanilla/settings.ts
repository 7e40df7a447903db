// Settings of the places with kernel sources. Their URLs may contain `{major}` (6), `{series}` (6.1),
// `{version}` (6.1.192).

import * as z from 'zod'
import { signingKeySchema } from '../../archives/detached.ts'

export const vanillaSchema = z.object({
  /** URL in kernel.org's layout; the `.tar.sign` next to it is the signature of the unpacked archive */
  archive: z.string().regex(/\.tar\.xz$/),
  /** keys that are trusted in addition to kernel.org's own: for a mirror of custom kernels */
  keys: z.array(signingKeySchema),
  /** names of kernel source packages: one with exactly that version is used if the archive lacks it */
  packages: z.array(z.string()),
})

export type VanillaSettings = z.infer<typeof vanillaSchema>

export const VANILLA: VanillaSettings = {
  archive: 'https://cdn.kernel.org/pub/linux/kernel/v{major}.x/linux-{version}.tar.xz',
  keys: [],
  packages: ['linux-source-{series}'],
}
