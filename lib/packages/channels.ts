// Lists the kinds of package repositories.

import { apt } from './apt/apt.ts'
import type { Channel } from './channel.ts'
import { oci } from './oci/oci.ts'
import { rpm } from './rpm/rpm.ts'

export const CHANNELS: readonly Channel[] = [apt, rpm, oci]
