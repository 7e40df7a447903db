// What the read path knows of a target: pure and light, and without a word from the network.

import type * as z from 'zod'
import type { KernelRequest } from './planner.ts'

export interface TargetFacts {
  /** @throws {ProbeError} `unsupported-kernel` for names that this target cannot have: a forged name costs nothing. */
  readonly check: (request: KernelRequest) => void
  /** the kernel release in a name does not begin with the kernel's version */
  readonly namesNoSeries?: true
  /** what an operator may set of it */
  readonly settings: z.ZodType
  readonly defaults: object
}
