// What a repository of packages shows now: one item that names objects which never change, replaced as a whole.

import * as z from 'zod'
import { storedSchema } from './digest.ts'
import type { Read } from './parse.ts'

export const pointerSchema = z.object({
  /** counts its changes, from 1 */
  number: z.int().positive(),
  /** milliseconds since the epoch: what its lists say of themselves, which no later one says less than */
  date: z.number(),
  /** by the path below the repository: its lists and their signatures */
  files: z.record(z.string(), storedSchema),
})
export type Pointer = Read<typeof pointerSchema>
