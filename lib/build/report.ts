// Parses the report of a build. It is hostile text, so only bounded, printable parts are kept.

import * as z from 'zod'
import { madeSchema } from '../model/digest.ts'
import { printable } from '../model/text.ts'

/** Maximum sizes, in bytes. */
export const MAX_MANIFEST = 64 * 1024
export const MAX_LOG = 8 * 1024 * 1024

const MAX_LINE = 240
export const line = z.string().transform((text) => printable(text, MAX_LINE))

const STAGES = ['fetch', 'prepare', 'tree', 'unpack', 'compile', 'collect', 'upload', 'done'] as const

/** Duration of each step, in seconds. */
export const timings = z
  .record(z.string().regex(/^[a-z]{1,16}$/), z.number().nonnegative().finite())
  .refine((seconds) => Object.keys(seconds).length <= 16)

/** Values of an option in the config (`asked`) and in the tree (`holds`): `y`, `m`, `n`, or a number. */
const lostOption = z
  .string()
  .regex(/^CONFIG_[A-Za-z0-9_]{1,100} [a-z0-9-]{1,20} [a-z0-9-]{1,20}$/)
  .transform((line) => {
    const [option = '', asked = '', holds = ''] = line.split(' ')
    return { option, asked, holds }
  })
export type LostOption = z.infer<typeof lostOption>

const schema = z.object({
  stage: z.enum(STAGES),
  compilerVersion: line,
  timings,
  /** digest and size of the kernel build tree that this build stored */
  prepared: madeSchema.optional(),
  /**
   * the first options of the config that changed in the tree and may change a structure (find_lost in
   * buildspecs/probe/sandbox/tree.sh); absent: the tree came from packages
   */
  lost: z.array(lostOption).max(64).optional(),
  /** why compiling failed; absent: because of the compiled source */
  cause: z.enum(['tools', 'time']).optional(),
})
export type BuildReport = z.infer<typeof schema>

/** `undefined`: the report is missing or unreadable. */
export function readReport(body: Uint8Array | undefined): BuildReport | undefined {
  if (body === undefined) return undefined
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return undefined
  }
}
