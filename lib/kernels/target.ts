// Defines the facts about a target that the read path needs: pure, without the network.

import type * as z from 'zod'
import type { KernelRequest } from './planner.ts'

export interface TargetFacts {
  /**
   * @throws {ProbeError} `unsupported-kernel` if the target cannot have this name, so that forged names cost
   * nothing.
   */
  readonly check: (request: KernelRequest) => void
  /** kernel releases of this target do not begin with the kernel's version */
  readonly namesNoSeries?: true
  /** schema of the target's settings */
  readonly settings: z.ZodType
  readonly defaults: object
}
