// Which kinds of repositories there are.

import { apt } from './apt/apt.ts'
import type { Channel } from './channel.ts'

export const CHANNELS: readonly Channel[] = [apt]
