// What the read path knows of a target: pure and light, and without a word from the network.

import type * as z from 'zod'
import type { KernelRequest } from './planner.ts'

export interface TargetFacts {
  /** Throws ProbeError `unsupported-kernel` for names that this target cannot have: a forged name costs nothing. */
  readonly check: (request: KernelRequest) => void
  /** what an operator may set of it */
  readonly settings: z.ZodType
  readonly defaults: object
}
