// Checks the names of kernels that come as rpms, and defines the settings of these targets.

import * as z from 'zod'
import { eachOf } from '../../model/each.ts'
import type { TargetFacts } from '../target.ts'
import { checkedKernel, placeSchema, type RpmRow } from './row.ts'
import { RPM_ROWS, RPM_TARGET_NAMES } from './rows.ts'

const settings = z.object({
  places: z.array(placeSchema),
  /** whether repomd.xml must be signed; packages always are */
  lists: z.enum(['signed', 'unsigned']),
  /** additional armored public keys that are trusted: for a mirror of custom packages */
  keys: z.array(z.string()),
})
export type RpmSettings = z.infer<typeof settings>

export const RPM_TARGETS = eachOf(RPM_TARGET_NAMES, (target) => {
  const row: RpmRow = RPM_ROWS[target]
  return {
    check: (request) => void checkedKernel(row, target, request),
    settings,
    defaults: { places: row.places, lists: row.lists, keys: [] },
  } as const satisfies TargetFacts
})
