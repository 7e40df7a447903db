// Defines the pointer of a package repository: one item that names the immutable objects of its current state.

import * as z from 'zod'
import { storedSchema } from './digest.ts'
import type { Read } from './parse.ts'

export const pointerSchema = z.object({
  /** counts its changes, from 1 */
  number: z.int().positive(),
  /** date of its lists, in milliseconds since the epoch; a change never decreases it */
  date: z.number(),
  /** lists and signatures, by their path in the repository */
  files: z.record(z.string(), storedSchema),
})
export type Pointer = Read<typeof pointerSchema>
