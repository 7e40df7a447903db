// What the read path knows of distributions whose kernels come as rpms: their names, and the settings of the operator.

import * as z from 'zod'
import { seriesOf } from '../../model/series.ts'
import type { TargetFacts } from '../target.ts'
import { checkedKernel, type RpmRow } from './row.ts'
import { RPM_ROWS, RPM_TARGET_NAMES, type RpmTarget } from './rows.ts'

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

const settings = z.object({
  places: z.array(
    z.object({
      of: z.string().max(200).refine(isPattern, 'is a regular expression over `uname -r`'),
      base: z.string().regex(/^https?:\/\/[^\s]+[^/\s]$/),
    }),
  ),
  /** whether repomd.xml must be signed; packages always are */
  lists: z.enum(['signed', 'unsigned']),
  /** armored public keys that are believed beside the distribution's own: of a mirror of one's own packages */
  keys: z.array(z.string()),
})
export type RpmSettings = z.infer<typeof settings>

const factsOf = (target: RpmTarget) => {
  const row: RpmRow = RPM_ROWS[target]
  return {
    check: (request) => void checkedKernel(row, target, request),
    series: ({ kernelRelease }) => seriesOf(kernelRelease),
    settings,
    defaults: { places: row.places, lists: row.lists, keys: [] },
  } as const satisfies TargetFacts
}

export const RPM_TARGETS = Object.fromEntries(
  RPM_TARGET_NAMES.map((target) => [target, factsOf(target)]),
) as Readonly<Record<RpmTarget, ReturnType<typeof factsOf>>>
