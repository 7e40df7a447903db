// Checks the names of Bottlerocket's kernels, and defines the target's settings.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import { BOTTLEROCKET_ROOTS } from '../../archives/keys/bottlerocket.ts'
import type { TargetFacts } from '../target.ts'
import { checkedKernel } from './names.ts'
import { VARIANTS, variantSchema } from './variants.ts'

const settings = z.object({
  /** URL below which `{variant}/{arch}/` has the metadata of each variant */
  metadata: folderUrl,
  /** URL of the folder with the targets of all variants */
  targets: folderUrl,
  /** the first trusted root: the file at `url`, if its sha512 is one of these */
  root: z.object({
    url: z.string().regex(/^https?:\/\/[^\s]+$/),
    sha512: z.array(z.string().regex(/^[0-9a-f]{128}$/)).min(1),
  }),
  variants: z.array(variantSchema),
})
export type BottlerocketSettings = z.infer<typeof settings>

export const bottlerocket = {
  check: (request) => void checkedKernel(request),
  settings,
  defaults: {
    metadata: 'https://updates.bottlerocket.aws/2020-07-07',
    targets: 'https://updates.bottlerocket.aws/targets',
    root: { url: 'https://cache.bottlerocket.aws/root.json', sha512: BOTTLEROCKET_ROOTS },
    variants: VARIANTS,
  },
} as const satisfies TargetFacts
