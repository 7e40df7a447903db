// What the read path knows of Bottlerocket's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import { BOTTLEROCKET_ROOTS } from '../../archives/keys/bottlerocket.ts'
import { seriesOf } from '../../model/series.ts'
import type { TargetFacts } from '../target.ts'
import { checkedKernel } from './names.ts'
import { VARIANTS, variantSchema } from './variants.ts'

const folder = z.string().regex(/^https?:\/\/[^\s]+[^/\s]$/)

const settings = z.object({
  /** below it `{variant}/{arch}/` has the metadata of each */
  metadata: folder,
  /** has the targets of all */
  targets: folder,
  /** the root from which on signatures are believed: that at `url`, if its sha512 is one of these */
  root: z.object({
    url: z.string().regex(/^https?:\/\/[^\s]+$/),
    sha512: z.array(z.string().regex(/^[0-9a-f]{128}$/)).min(1),
  }),
  variants: z.array(variantSchema),
})
export type BottlerocketSettings = z.infer<typeof settings>

export const bottlerocket = {
  check: (request) => void checkedKernel(request),
  series: ({ kernelRelease }) => seriesOf(kernelRelease),
  settings,
  defaults: {
    metadata: 'https://updates.bottlerocket.aws/2020-07-07',
    targets: 'https://updates.bottlerocket.aws/targets',
    root: { url: 'https://cache.bottlerocket.aws/root.json', sha512: BOTTLEROCKET_ROOTS },
    variants: VARIANTS,
  },
} as const satisfies TargetFacts
