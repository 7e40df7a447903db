// Where the source of a submitted kernel comes from: `{major}` 6, `{series}` 6.1, `{version}` 6.1.192.

import * as z from 'zod'

export const vanillaSchema = z.object({
  /** packages that hold a kernel's source, for the version that they are of */
  packages: z.array(z.string()),
  /** URL in kernel.org's layout, for any other version; its digest is recorded at first use */
  archive: z.string().regex(/\.tar\.xz$/),
})

export type VanillaSettings = z.infer<typeof vanillaSchema>

export const VANILLA: VanillaSettings = {
  packages: ['linux-source-{series}'],
  archive: 'https://cdn.kernel.org/pub/linux/kernel/v{major}.x/linux-{version}.tar.xz',
}
