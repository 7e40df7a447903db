// Checks the names of kernels that come as rpms, and defines the settings of these targets.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import { eachOf } from '../../model/each.ts'
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
      base: folderUrl,
    }),
  ),
  /** whether repomd.xml must be signed; packages always are */
  lists: z.enum(['signed', 'unsigned']),
  /** additional armored public keys that are trusted: for a mirror of custom packages */
  keys: z.array(z.string()),
})
export type RpmSettings = z.infer<typeof settings>

const factsOf = (target: RpmTarget) => {
  const row: RpmRow = RPM_ROWS[target]
  return {
    check: (request) => void checkedKernel(row, target, request),
    settings,
    defaults: { places: row.places, lists: row.lists, keys: [] },
  } as const satisfies TargetFacts
}

export const RPM_TARGETS = eachOf(RPM_TARGET_NAMES, factsOf)
