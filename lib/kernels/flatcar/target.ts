// Checks the names of Flatcar's kernels, and defines the target's settings.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import { eachOf } from '../../model/each.ts'
import type { TargetFacts } from '../target.ts'
import { CHANNELS, flatcarRelease } from './names.ts'

const settings = z.object({
  /** URL of each channel; it has the folders `amd64-usr/{version}/` and `arm64-usr/{version}/` */
  channels: z.object(eachOf(CHANNELS, () => folderUrl)),
  /** additional armored public keys that are trusted: for custom builds */
  keys: z.array(z.string()),
})
export type FlatcarSettings = z.infer<typeof settings>

export const flatcar = {
  check: (request) => void flatcarRelease(request),
  // Only the files of a release show which kernel it has.
  namesNoSeries: true,
  settings,
  defaults: {
    channels: eachOf(CHANNELS, (channel) => `https://${channel}.release.flatcar-linux.net`),
    keys: [],
  },
} as const satisfies TargetFacts
