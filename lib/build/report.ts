// Reads the report of a build: hostile text, of which only bounded, printable parts are kept.

import * as z from 'zod'
import { madeSchema } from '../model/digest.ts'
import { printable } from '../model/text.ts'

/** Bytes that are read at most. */
export const MAX_MANIFEST = 64 * 1024
export const MAX_LOG = 8 * 1024 * 1024

const MAX_LINE = 240

const STAGES = ['fetch', 'prepare', 'tree', 'unpack', 'compile', 'collect', 'upload', 'done'] as const

/** Seconds of each step. */
export const timings = z
  .record(z.string().regex(/^[a-z]{1,16}$/), z.number().nonnegative().finite())
  .refine((seconds) => Object.keys(seconds).length <= 16)

/** `asked`, `holds`: `y`, `m`, `n`, or a number. */
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
  compilerVersion: z.string().transform((text) => printable(text, MAX_LINE)),
  timings,
  /** the kernel build tree that this build stored */
  prepared: madeSchema.optional(),
  /**
   * the first options of the config that changed in the tree and may change a structure (find_lost in
   * buildspecs/probe/sandbox/tree.sh); absent: the tree came in packages
   */
  lost: z.array(lostOption).max(64).optional(),
  /** why compiling failed; absent: the compiled source */
  cause: z.enum(['tools', 'time']).optional(),
})
export type BuildReport = z.infer<typeof schema>

/** `undefined`: missing or unreadable. */
export function readReport(body: Uint8Array | undefined): BuildReport | undefined {
  if (body === undefined) return undefined
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return undefined
  }
}
