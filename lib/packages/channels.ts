// Which kinds of repositories there are.

import { apt } from './apt/apt.ts'
import type { Channel } from './channel.ts'
import { rpm } from './rpm/rpm.ts'

export const CHANNELS: readonly Channel[] = [apt, rpm]
