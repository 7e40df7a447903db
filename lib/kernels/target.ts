// What the read path knows of a target: pure and light, and without a word from the network.

import type * as z from 'zod'
import type { Series } from '../model/series.ts'
import type { KernelRequest } from './planner.ts'

export interface TargetFacts {
  /** @throws {ProbeError} `unsupported-kernel` for names that this target cannot have: a forged name costs nothing. */
  readonly check: (request: KernelRequest) => void
  /** of the kernel that has that name */
  readonly series: (request: Pick<KernelRequest, 'kernelRelease'>) => Series | undefined
  /** what an operator may set of it */
  readonly settings: z.ZodType
  readonly defaults: object
}
