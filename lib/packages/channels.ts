// Which kinds of repositories there are.

import { apt } from './apt/apt.ts'
import type { Channel } from './channel.ts'
import { oci } from './oci/oci.ts'

export const CHANNELS: readonly Channel[] = [apt, oci]
