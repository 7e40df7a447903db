// What the read path knows of Flatcar's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import { eachOf } from '../../model/each.ts'
import type { TargetFacts } from '../target.ts'
import { CHANNELS, flatcarRelease } from './names.ts'

const settings = z.object({
  /** where the releases of each channel are, in folders `amd64-usr/{version}/` and `arm64-usr/{version}/` */
  channels: z.object(eachOf(CHANNELS, () => folderUrl)),
  /** armored public keys that are believed as well as Flatcar's own: of custom builds */
  keys: z.array(z.string()),
})
export type FlatcarSettings = z.infer<typeof settings>

export const flatcar = {
  check: (request) => void flatcarRelease(request),
  // Only the files of a release say which kernel it has.
  namesNoSeries: true,
  settings,
  defaults: {
    channels: eachOf(CHANNELS, (channel) => `https://${channel}.release.flatcar-linux.net`),
    keys: [],
  },
} as const satisfies TargetFacts
