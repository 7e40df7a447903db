// What the read path knows of Flatcar's kernels: their names, and the settings of the operator.

import * as z from 'zod'
import type { TargetFacts } from '../target.ts'
import { CHANNELS, type Channel, flatcarRelease } from './names.ts'

const place = z.string().regex(/^https?:\/\/[^\s]+[^/\s]$/)

const settings = z.object({
  /** where the releases of each channel are, in folders `amd64-usr/{version}/` and `arm64-usr/{version}/` */
  channels: z.object(
    Object.fromEntries(CHANNELS.map((channel) => [channel, place])) as Record<Channel, typeof place>,
  ),
  /** armored public keys that are believed beside Flatcar's own: of one's own builds of it */
  keys: z.array(z.string()),
})
export type FlatcarSettings = z.infer<typeof settings>

export const flatcar = {
  check: (request) => void flatcarRelease(request),
  // Only the files of a release say which kernel it has.
  series: () => undefined,
  settings,
  defaults: {
    channels: Object.fromEntries(
      CHANNELS.map((channel) => [channel, `https://${channel}.release.flatcar-linux.net`]),
    ),
    keys: [],
  },
} as const satisfies TargetFacts
